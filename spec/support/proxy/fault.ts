export type Direction = 'requests' | 'replies';

/** What happens to the bytes of a connection. */
export interface Fault {
  /** Directions whose bytes wait, and arrive after `restore()`: TCP sends again what a silent link swallowed. */
  readonly held: readonly Direction[];
  /** Directions whose bytes never arrive. Afterwards the connection can only be cut. */
  readonly lost: readonly Direction[];
  /** Milliseconds, each way. */
  readonly delay: number;
}

export interface FaultOptions {
  /** Which connections are hit: those that are open, those still to come, or both. @default 'all' */
  readonly on?: 'existing' | 'new' | 'all';
}

export const NO_FAULT: Fault = { held: [], lost: [], delay: 0 };

/** The faults of a link, which may be one connection, the way to one member, or the ways to all. */
export abstract class Link {
  abstract apply(change: Partial<Fault>, options?: FaultOptions): void;

  /** Resets connections, and every new connection at once. The other side hears of it. */
  abstract cut(options?: FaultOptions): void;

  /** Ends every fault, and delivers what was held back. */
  abstract restore(): void;

  /** Accepts connections, forwards nothing either way and keeps silent, as when packets are dropped. */
  blackhole(options?: FaultOptions): void {
    this.apply({ held: ['requests', 'replies'] }, options);
  }

  /** Keeps silent in one direction only; the other direction still works. */
  halfOpen(silent: Direction, options?: FaultOptions): void {
    this.apply({ held: [silent] }, options);
  }

  /** Delays everything by `ms` each way. Everything arrives in the order in which it was sent. */
  delay(ms: number, options?: FaultOptions): void {
    this.apply({ delay: ms }, options);
  }
}
