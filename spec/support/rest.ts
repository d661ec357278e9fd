/** What the members of a cluster have counted while candidates were at rest. */
export interface Rest {
  /** Requests and streams that have begun, by gRPC method, before and after. */
  readonly started: readonly [Readonly<Record<string, number>>, Readonly<Record<string, number>>];
  /** Messages on the streams of watches meanwhile. */
  readonly asked: number;
  readonly candidates: number;
}
