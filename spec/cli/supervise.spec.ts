import { expect } from 'chai';
import { supervise } from '../../lib/cli/child/supervise.js';
import type { Exit } from '../../lib/cli/exit.js';
import type { Output } from '../../lib/cli/output.js';
import { ElectionError } from '../../lib/errors.js';

describe('a supervised command', () => {
  const told: string[] = [];
  const out = { warn: (message: string) => void told.push(message) } as Output;

  const commandEndedBy = (exit: Exit) => ({
    pid: 1,
    isAlive: false,
    exited: Promise.resolve(exit),
    end: () => {},
    gone: async () => {},
  });

  beforeEach(() => told.splice(0));

  it('counts as ended by the loss when the watchdog has killed it before the loss was told', async () => {
    const over = new AbortController();
    const term = { signal: over.signal, grace: 0, isCurrent: () => false };
    const outcome = supervise(commandEndedBy({ signal: 'SIGKILL' }), term, { ttl: 8, killAfter: 0, out });
    setImmediate(() => over.abort(new ElectionError('LEASE_EXPIRED', 'no refresh in time')));
    expect((await outcome).lost).to.have.property('code', 'LEASE_EXPIRED');
    expect(told).to.deep.equal(['leadership lost (LEASE_EXPIRED): SIGKILL to the command']);
  });

  it('counts as ended by itself while the term lasts', async () => {
    const term = { signal: new AbortController().signal, grace: 2_000, isCurrent: () => true };
    const outcome = await supervise(commandEndedBy({ code: 0 }), term, { ttl: 8, killAfter: 0, out });
    expect([outcome, told]).to.deep.equal([{ exit: { code: 0 }, lost: undefined }, []]);
  });
});
