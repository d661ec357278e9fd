import type { Etcd3 } from 'etcd3';
import { View } from '../../lib/view/view.js';
import { type Lane, type LaneStretch, lanesOf } from './lanes.js';
import { keepBelow, type Live, paint } from './screen.js';

/** Milliseconds between two drawings: bars grow by themselves. */
const REDRAWN = 125;
const USUAL_COLUMNS = 80;
const NARROWEST = 50;

/** Who leads when, live below the lines of the demo; where there is no terminal, nothing. */
export class DemoTimeline {
  readonly #names: readonly string[];
  readonly #view: View;
  readonly #began = Date.now();
  readonly #killed = new Map<string, number>();
  readonly #live: Live | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(client: Etcd3, election: string, names: readonly string[]) {
    this.#names = names;
    this.#view = new View(client, election);
    this.#live = keepBelow(() => this.#lines());
    if (this.#live === undefined) return;
    this.#timer = setInterval(() => this.#live?.redraw(), REDRAWN);
    this.#view.on('changed', () => this.#live?.redraw());
    this.#view.start().catch(() => {}); // the timeline stays empty, and the demo says what is wrong
  }

  /** Its process is killed now; etcd does not know that. */
  killed(name: string): void {
    this.#killed.set(name, Date.now());
  }

  /** Leaves what is drawn where it is. */
  end(): void {
    clearInterval(this.#timer);
    this.#view.close();
    this.#live?.end();
  }

  #lines(): string[] {
    const columns = process.stdout.columns || USUAL_COLUMNS;
    if (columns < NARROWEST) return [];
    const now = Date.now();
    const stretches = this.#stretches();
    const from = stretches[0]?.from;
    if (from === undefined) return [];
    return ['', ...lanesOf(stretches, { names: this.#names, from, now, columns }).map(painted), ''];
  }

  #stretches(): LaneStretch[] {
    const terms = this.#view.picture.elections[0]?.terms ?? [];
    return terms.flatMap(({ value, from, until }) => {
      const killed = this.#killed.get(value);
      return { name: value, from: from?.at ?? this.#began, until: until?.at, killed };
    });
  }
}

function painted({ name, cells, remark, kind }: Lane): string {
  const style = kind === 'leads' ? 'green' : kind === 'nobody' || kind === 'killed' ? 'red' : 'dim';
  return `  ${name.padEnd(6)} ${paint(kind === 'killed' ? 'dim' : style, cells)} ${paint(style, remark)}`;
}
