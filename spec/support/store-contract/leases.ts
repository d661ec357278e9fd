import { expect } from 'chai';
import { pause } from '../wait.js';
import { type ContractContext, rejection } from './context.js';

export function leaseSpecs(spec: ContractContext): void {
  describe('with leases', () => {
    it('grants 2 s to whoever asks for 1', async () => {
      expect((await spec.store.grant(spec.newLeaseId(), 1)).ttl).to.equal(2);
    });

    it('says nothing of the TTL when a grant is repeated, and leaves the lease as it is', async () => {
      const lease = await spec.newLease();
      await spec.commit(spec.put('a', 'x', lease));
      expect((await spec.store.grant(lease, 30)).ttl).to.equal(undefined);
      expect((await spec.read('a'))?.lease).to.equal(lease);
    });

    it('deletes all keys of a revoked lease in one revision, and takes a second revocation for done', async () => {
      const lease = await spec.newLease();
      const recorder = spec.watch();
      const { revision } = await spec.commit(spec.put('b', 'x', lease), spec.put('a', 'x', lease), spec.put('kept'));
      recorder.watchAll(1, revision + 1n);
      await spec.store.revoke(lease);
      await recorder.until((story) => story.length > 1);
      expect(recorder.story).to.deep.equal(['1 created', `1: delete a, delete b`]);
      await spec.store.revoke(lease);
      expect(spec.names(await spec.commit(spec.range('oldest', 0)))).to.deep.equal(['kept']);
    });

    it('moves a key to the lease of its last put, or to none', async () => {
      const [first, second] = [await spec.newLease(), await spec.newLease()];
      await spec.commit(spec.put('moved', 'x', first), spec.put('freed', 'x', first));
      await spec.commit(spec.put('moved', 'x', second), spec.put('freed'));
      await spec.store.revoke(first);
      expect(spec.names(await spec.commit(spec.range('oldest', 0)))).to.deep.equal(['freed', 'moved']);
      await spec.store.revoke(second);
      expect(spec.names(await spec.commit(spec.range('oldest', 0)))).to.deep.equal(['freed']);
    });

    it('deletes the keys of a lease that is not refreshed, and not before its time', async () => {
      const started = performance.now();
      const lease = await spec.newLease(5);
      const recorder = spec.watch();
      const { revision } = await spec.commit(spec.put('a', 'x', lease));
      recorder.watchAll(1, revision + 1n);
      await recorder.until((story) => story.length > 1);
      expect(recorder.story).to.deep.equal(['1 created', '1: delete a']);
      expect(performance.now() - started).to.be.at.least(5_000);
      expect(await rejection(spec.commit(spec.put('a', 'x', lease)))).to.include({ code: 'LEASE_LOST' });
    });

    it('keeps a lease that is refreshed, and answers each refresh with its TTL', async () => {
      const lease = await spec.newLease(5);
      await spec.commit(spec.put('a', 'x', lease));
      const recorder = spec.keepAlive(lease);
      for (let answers = 1; answers <= 3; answers += 1) {
        recorder.stream.send();
        await recorder.until((story) => story.length === answers);
        await pause(2_000); // longer in all than the lease would live
      }
      expect(recorder.story).to.deep.equal(['ttl 5', 'ttl 5', 'ttl 5']);
      expect(await spec.read('a')).to.include({ lease });
    });

    it('answers 0 for a lease that is gone', async () => {
      const lease = await spec.newLease();
      const recorder = spec.keepAlive(lease);
      await spec.store.revoke(lease);
      recorder.stream.send();
      await recorder.until((story) => story.length === 1);
      expect(recorder.story).to.deep.equal(['ttl 0']);
    });
  });
}
