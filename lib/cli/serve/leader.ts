import { hostname } from 'node:os';
import { leaderJson } from '../../view/json.js';
import type { ElectionPicture } from '../../view/picture.js';

/** Whether a candidate that announces this value is one of those that the asker means. */
export type IsHere = (value: string) => boolean;

/** What the candidates of this host announce: one of these values, or what `run` announces by default. */
export function valuesOfHost(values: readonly string[]): IsHere {
  if (values.length > 0) return (value) => values.includes(value);
  const host = hostname();
  return (value) => value === host || (value.startsWith(`${host}:`) && /^\d+$/.test(value.slice(host.length + 1)));
}

export interface LeaderAnswer {
  /** 200: a candidate that the asker means leads. 503: none does, or nobody can say. */
  readonly status: 200 | 503;
  readonly body: object;
}

/**
 * Whether a candidate that the asker means leads the election. `election` is undefined when there are no candidates.
 */
export function leaderAnswer(
  name: string,
  election: ElectionPicture | undefined,
  { isHere, isKnown }: { readonly isHere: IsHere /** False: etcd is out of reach. */; readonly isKnown: boolean },
): LeaderAnswer {
  const leader = election?.leader;
  if (!isKnown) return not(name, null, 'etcd has not answered for too long');
  if (election === undefined || leader === undefined) return not(name, null, 'nobody leads');
  const shown = leaderJson(leader);
  if (!isHere(leader.value)) return not(name, shown, 'another candidate leads');
  return { status: 200, body: { election: name, leads: true, leader: shown, reason: null } };
}

function not(name: string, leader: object | null, reason: string): LeaderAnswer {
  return { status: 503, body: { election: name, leads: false, leader, reason } };
}
