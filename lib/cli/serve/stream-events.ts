import type { ElectionJson, PictureJson, PoolJson } from '../../view/json.js';

/** Everything; the first event of a stream. */
export interface PictureEvent extends PictureJson {
  /** The server's clock, when this was sent: milliseconds since 1970. */
  readonly now: number;
}

/** What has changed since the event before. */
export interface ChangedEvent {
  readonly now: number;
  readonly revision: string;
  readonly elections: readonly ElectionJson[];
  readonly pools: readonly PoolJson[];
  /** Names. */
  readonly gone: { readonly elections: readonly string[]; readonly pools: readonly string[] };
}

/** etcd does not answer the server. */
export interface OutageEvent {
  readonly now: number;
  readonly code: string;
  readonly message: string;
  /** When the server noticed. */
  readonly since: number;
  /** The last time when the picture was known to be true; null: never. */
  readonly asOf: number | null;
}

/** etcd answers the server again. */
export interface AnsweredEvent {
  readonly now: number;
}

/** What each event of `/api/events` carries, by the event's name: the server writes it, and the page reads it. */
export interface StreamEvents {
  readonly picture: PictureEvent;
  readonly changed: ChangedEvent;
  readonly outage: OutageEvent;
  readonly answered: AnsweredEvent;
}
