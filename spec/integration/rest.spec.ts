import { expect } from 'chai';
import { begunAside } from '../support/aside.js';
import type { Rest } from '../support/rest.js';

/** Long enough that nobody loses a lease, or repeats a refresh on a new stream, because the machine is busy. */
const TTL = 24;
/**
 * A stream of watches is asked for a sign of life once in a third of the TTL, as often as a lease is refreshed. So many
 * refreshes take two minutes.
 */
const REFRESHES = 15;
/** Milliseconds: those, as many again for a busy machine, and what comes before them. */
const WITHIN = 2 * REFRESHES * ((1_000 * TTL) / 3) + 60_000;

// Other specs run meanwhile.
const rest = begunAside<Rest>('at-rest', String(TTL), String(REFRESHES));

describe('candidates at rest', () => {
  it('cost etcd refreshes and signs of life, and no other request and no new stream', async () => {
    const { started, asked, candidates } = await rest(WITHIN);
    expect(started[1]).to.deep.equal(started[0]);
    const [least, most] = [candidates * REFRESHES, candidates * REFRESHES * 3];
    expect(asked, 'a creation and a cancellation each time').to.be.within(least, most);
  }).timeout(WITHIN + 10_000);
});
