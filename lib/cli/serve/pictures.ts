import type { ElectionPicture, Picture, PoolPicture } from '../../view/picture.js';

/** What is asked of a picture: things by their names. Built when somebody asks, once for each picture. */
export class Pictures {
  readonly #latest: () => Picture;
  #indexed: Picture | undefined;
  #elections: ReadonlyMap<string, ElectionPicture> = new Map();
  #pools: ReadonlyMap<string, PoolPicture> = new Map();

  constructor(latest: () => Picture) {
    this.#latest = latest;
  }

  get latest(): Picture {
    return this.#latest();
  }

  get elections(): ReadonlyMap<string, ElectionPicture> {
    this.#index();
    return this.#elections;
  }

  get pools(): ReadonlyMap<string, PoolPicture> {
    this.#index();
    return this.#pools;
  }

  #index(): void {
    const picture = this.#latest();
    if (picture === this.#indexed) return;
    this.#indexed = picture;
    this.#elections = mapByName(picture.elections);
    this.#pools = mapByName(picture.pools);
  }
}

function mapByName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.name, one]));
}
