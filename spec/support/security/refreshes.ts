import type { Election } from '../../../lib/index.js';
import { SOON, until } from '../wait.js';

/**
 * Resolves when etcd has granted so many refreshes of the election's lease, all of them sent after this call. A refresh
 * that was under way before does not count, because etcd may have served it before.
 */
export async function refreshed(election: Election, times = 1): Promise<void> {
  const calledAt = performance.now();
  let granted = 0;
  const count = ({ roundTrip }: { readonly roundTrip: number }): void => {
    if (performance.now() - roundTrip > calledAt) granted++;
  };
  election.on('refresh', count);
  try {
    const what = `${times} refreshes of the lease; the election is ${election.state}`;
    await until(() => granted >= times, { within: times * SOON, what });
  } finally {
    election.off('refresh', count);
  }
}

/**
 * What becomes of the next refresh of a user whom etcd does not let in, or who may not write the key: since March 2026
 * etcd refuses the refresh, and the code of the refusal is told; before that etcd grants it, as `refreshed`.
 */
export function nextRefresh(election: Election): Promise<string> {
  return new Promise((resolve) => {
    election.once('suspended', ({ code }) => resolve(code));
    election.once('refresh', () => resolve('refreshed'));
  });
}
