import type { Election } from '../election.js';
import type { ElectionError } from '../errors.js';
import type { CommandContext } from './command-context.js';
import { explain } from './explain.js';
import { OutageNotices } from './outage-notices.js';
import { visible } from './output.js';

/** What `run` says of its election, on the terminal or in the journal of the service. */
export class RunNotices {
  /** Who leads, as people read it; undefined: nobody, as far as we have heard. */
  leader: string | undefined;
  /** A key that is no candidate's is before us. */
  blocked: ElectionError | undefined;

  constructor({ out, endpoints }: CommandContext, election: Election) {
    const outage = new OutageNotices(out, endpoints);
    election.on('suspended', (error) => {
      const left = election.leadership?.expiresIn();
      outage.begin(error, left === undefined ? '' : `; leading for another ${(left / 1000).toFixed(1)} s`);
    });
    election.on('error', (error) => {
      if (error.code === 'UNAVAILABLE' || error.code === 'PERMISSION_DENIED') return outage.begin(error);
      if (error.code === 'BLOCKED') this.blocked = error;
      const level = error.code === 'BLOCKED' ? 'error' : 'warn';
      out[level](explain(error, endpoints), { code: error.code });
    });
    election.on('resumed', () => outage.end());
    election.on('elected', () => outage.end());
    election.on('leader', (value, candidate) => {
      outage.end();
      const { leadership } = election;
      this.leader = candidate && `${visible(value ?? '')} (token ${candidate.fencingToken})`;
      if (candidate !== undefined) this.blocked = undefined;
      if (candidate === undefined || candidate.key === leadership?.key) return;
      const { fencingToken: token } = candidate;
      out.info(`${visible(value ?? '')} leads (token ${token}): waiting`, { leader: value, token });
    });
  }
}
