import type { ElectionError } from '../errors.js';
import type { Lease } from '../lease/lease.js';
import type { News } from '../queue/leader-observers.js';
import type { Head, Place } from '../queue/place.js';

/** Our key, as a join has put it into the queue. */
export interface JoinedKey {
  readonly lease: Lease;
  readonly place: Place;
  /** What the key says. */
  readonly value: Buffer;
}

/** What the states tell. Only the present state speaks: `Campaign.#enter` closes the one before. */
export interface CampaignMoves {
  /** joining -> waiting | leading. The head, as far as the join has shown it. */
  joined(key: JoinedKey, head: Head | undefined): void;
  /** waiting -> leading. Told again when a later read finds the same. */
  first(place: Place): void;
  /** waiting, leading -> joining */
  keyLost(reason: ElectionError): void;
  /** leading -> leaving. `to`: the lease of the candidate that shall lead next, also when the leader leaves already. */
  makeWay(reason: ElectionError, to?: bigint): void;
  /** leaving -> idle | joining */
  left(): void;
  /** No move: this key was the head at this revision. */
  headSeen(news: News): void;
  /** No move: the `error` event. What failed is tried again. */
  failed(error: ElectionError): void;
}
