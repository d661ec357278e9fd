import { type ConnectionState, EventConnection } from './connection.js';
import { Codes } from './model/codes.js';
import { type LeaderChange, PictureStore } from './model/picture.js';
import type { RowOrder } from './model/rows.js';

/** Widths of the time window. */
export const WINDOWS = [
  { label: '5 minutes', short: '5 min', ms: 300_000 },
  { label: 'hour', short: '1 h', ms: 3_600_000 },
  { label: '24 hours', short: '24 h', ms: 86_400_000 },
] as const;
export type WindowWidth = (typeof WINDOWS)[number];

/** What the address names after `#`: what is open. */
export type OpenTab =
  | { readonly tab: 'elections'; readonly name: string | undefined }
  | { readonly tab: 'pools'; readonly name: string | undefined };

/** What the user has chosen. */
export interface PageChoices {
  readonly filter: string;
  readonly order: RowOrder;
  readonly window: WindowWidth;
  readonly place: OpenTab;
}

/**
 * All that the page shows. Changes mark it as dirty, and what is dirty is drawn once, in the next frame of the
 * browser, however many changes there were.
 */
export class PageState {
  readonly picture = new PictureStore();
  /** Colours of leaders: a host has one colour in all elections. */
  readonly colours = new Codes();
  readonly #draw: () => void;
  readonly #listeners = new Set<(changes: readonly LeaderChange[]) => void>();
  #connection: ConnectionState = { name: 'connecting' };
  #server: EventConnection | undefined;
  #skew = 0;
  #heardAt = 0;
  #asOf: number | undefined;
  #version = 0;
  #drawing = 0;
  #isDirty = false;
  #view: PageChoices = {
    filter: '',
    order: { by: 'name', isDescending: false },
    window: WINDOWS[0],
    place: openTabIn(location.hash),
  };

  constructor(draw: () => void) {
    this.#draw = draw;
    globalThis.addEventListener('hashchange', () => this.choose({ place: openTabIn(location.hash) }));
  }

  connect(): void {
    this.#server = new EventConnection({
      connection: (now) => {
        // When the page stops being live, what it shows stays as old as it is then, until a new picture comes.
        if (now.name === 'outage' && now.asOf !== undefined) this.#asOf = now.asOf;
        else if (this.isLive && now.name !== 'live') this.#asOf = this.#heardAt;
        this.#connection = now;
        this.touch();
      },
      alive: (skew) => {
        if (skew !== undefined) this.#skew = skew;
        this.#heardAt = this.now;
      },
      picture: (picture) => {
        this.picture.replace(picture);
        this.#changed();
      },
      changed: (changes) => {
        const news = this.picture.change(changes);
        this.#changed();
        if (news.length > 0) for (const listener of this.#listeners) listener(news);
      },
    });
    this.#server.start();
  }

  get server(): EventConnection | undefined {
    return this.#server;
  }

  get connection(): ConnectionState {
    return this.#connection;
  }

  get view(): PageChoices {
    return this.#view;
  }

  /** Grows with each change of the picture. */
  get version(): number {
    return this.#version;
  }

  /** Grows whenever the page is drawn for a change or for the time, and not while something is scrolled. */
  get drawing(): number {
    return this.#drawing;
  }

  get isLive(): boolean {
    return this.#connection.name === 'live';
  }

  /** The server's clock. */
  get now(): number {
    return Date.now() + this.#skew;
  }

  /** The last time of which the page knows what it shows; undefined: it has never known anything. */
  get asOf(): number | undefined {
    return this.isLive ? this.now : this.#asOf;
  }

  choose(choice: Partial<PageChoices>): void {
    this.#view = { ...this.#view, ...choice };
    this.touch();
  }

  onChange(listener: (changes: readonly LeaderChange[]) => void): void {
    this.#listeners.add(listener);
  }

  /** Draws in the next frame. */
  touch(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    requestAnimationFrame(() => {
      this.#isDirty = false;
      this.#drawing++;
      this.#draw();
    });
  }

  #changed(): void {
    this.#version++;
    this.touch();
  }
}

/** The address of a place. */
export function addressOfPage({ tab, name }: OpenTab): string {
  return name === undefined ? `#/${tab}` : `#/${tab}/${encodeURIComponent(name)}`;
}

function openTabIn(hash: string): OpenTab {
  const [, tab, name] = /^#\/(elections|pools)(?:\/(.*))?$/.exec(hash) ?? [];
  return { tab: tab === 'pools' ? 'pools' : 'elections', name: name ? decoded(name) : undefined };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // somebody has cut the address
  }
}
