import { expect } from 'chai';
import { explain } from '../lib/cli/explain.js';
import { ElectionError } from '../lib/errors.js';
import { RequestRefused, StaleAnswer } from '../lib/store/store.js';

const AT = 'http://10.0.0.1:2379';

describe('what the command line says of etcd', () => {
  it('is that it does not answer, with the reason of the connection', () => {
    const cause = new Error(
      '14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 10.0.0.1:2379',
    );
    const error = new ElectionError('UNAVAILABLE', 'etcd does not answer', { cause });
    expect(explain(error, AT)).to.equal(`etcd does not answer at ${AT} (connect ECONNREFUSED 10.0.0.1:2379)`);
  });

  it('is that it refuses, when it has answered', () => {
    const cause = new Error('8 RESOURCE_EXHAUSTED: etcdserver: too many requests');
    const error = new RequestRefused('UNAVAILABLE', 'etcd refuses the request', { cause });
    expect(explain(error, AT)).to.equal(`etcd refuses the request at ${AT} (too many requests)`);
  });

  it('is that its state is older than before, when it was restored or emptied', () => {
    const error = new StaleAnswer('UNAVAILABLE', 'etcd answers with an older state (revision 7): trying again');
    expect(explain(error, AT))
      .to.match(/^etcd answers with an older state than before at http:\S+ \(it was restored or emptied, or /)
      .and.not.include('trying again');
  });
});
