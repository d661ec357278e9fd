import { expect } from 'chai';
import { toCandidate } from '../lib/queue/candidates.js';
import { electionOf, isBlocking, isCandidateKey, isOurs, prefixOf, rangeEndOf } from '../lib/queue/keys.js';
import { bytesOf, hexOf, isOurLease, keyOf, leaseIdOf, newLeaseId, OURS_IN_HEX, textOf } from '../lib/store/bytes.js';
import { Random } from './support/random.js';

describe('keys', () => {
  for (const [id, hex] of [
    [1n, '1'],
    [0x00ab_cdefn, 'abcdef'],
    [0x694d_7a0e_1c3f_0002n, '694d7a0e1c3f0002'],
    [-1n, 'ffffffffffffffff'],
  ] as const) {
    it(`end in the lease id as Go prints it, without leading zeros: ${hex}`, () => {
      expect(hexOf(id)).to.equal(hex);
    });
  }

  it('begin with the name of their election and a slash, and end before the next byte', () => {
    expect(prefixOf('jobs/mail')).to.equal('jobs/mail/');
    expect(rangeEndOf(prefixOf('jobs/mail'))).to.equal('jobs/mail0');
  });

  it('carry names that are not ASCII as UTF-8', () => {
    const prefix = prefixOf('wäschе/☃');
    expect(bytesOf(prefix)).to.deep.equal(Buffer.from('wäschе/☃/', 'utf8'));
    expect(textOf(prefix)).to.equal('wäschе/☃/');
  });

  it('survive as bytes when they are no text at all', () => {
    const bytes = Buffer.from([0x6a, 0x2f, 0xff, 0x00, 0xc3, 0x28]);
    expect(bytesOf(keyOf(bytes))).to.deep.equal(bytes);
  });

  it('are read from a part of a larger buffer', () => {
    expect(keyOf(Buffer.from('..jobs/1..').subarray(2, 8))).to.equal('jobs/1');
  });

  for (const [key, is] of [
    ['jobs/1f', true],
    ['jobs/anything', true],
    ['jobs/\xff', true],
    ['jobs/', false],
    ['jobs', false],
    ['jobs/a/1f', false],
    ['jobs//1f', false],
    ['jobs/1f/', false],
    ['jobs/mail!period', false],
    ['jobs/!', false],
    ['jobs!period', false],
    ['jobsX1f', false],
    ['other/1f', false],
  ] as const) {
    it(`are told apart by name: ${JSON.stringify(key)} is ${is ? 'a' : 'no'} candidate's in the election jobs`, () => {
      expect(isCandidateKey(key, prefixOf('jobs'))).to.equal(is);
    });
  }

  for (const [key, lease, is] of [
    ['jobs/1f', 0x1fn, false],
    ['jobs/31', 31n, false],
    ['jobs/ffffffffffffffff', -1n, false],
    ['jobs/1f', 0n, true],
    ['jobs/0', 0n, true],
    ['jobs/config', 0n, true],
    ['jobs/config', 0x1fn, true],
    ['jobs/01f', 0x1fn, true],
    ['jobs/1F', 0x1fn, true],
    ['jobs/1f', 0x2fn, true],
  ] as const) {
    const what = is ? "is no candidate's, and blocks" : "is a candidate's, and waits in";
    it(`are told apart by name and lease: ${key} on lease ${hexOf(lease)} ${what} the queue`, () => {
      expect(isBlocking({ key, lease })).to.equal(is);
      expect(electionOf({ key, lease })).to.equal(is ? undefined : 'jobs');
    });
  }

  it('belong to no election when they hold a priority, though they name their lease', () => {
    expect(electionOf({ key: 'a/jobs!rank/1f', lease: 0x1fn })).to.equal(undefined);
    expect(electionOf({ key: '/1f', lease: 0x1fn })).to.equal(undefined);
  });

  it('take lease ids that etcd accepts: positive, 63 bits, and never the same twice', () => {
    const ids = new Set(Array.from({ length: 1_000 }, newLeaseId));
    expect(ids.size).to.equal(1_000);
    for (const id of ids) expect(id > 0n && id < 1n << 63n).to.equal(true);
  });

  it('lie, if they are ours, between the two names within which the library looks for no key of others', () => {
    const { first, after } = OURS_IN_HEX;
    for (const random of [0n, (1n << 46n) - 1n, ...Array.from({ length: 1_000 }, () => newLeaseId() & 0xffff_ffffn)]) {
      const name = hexOf(leaseIdOf(random));
      expect([name.length, name >= first && name < after], name).to.deep.equal([16, true]);
    }
  });

  it('hang on leases that are known as ours, and by chance one in 65,536 of the others of that shape', () => {
    for (let i = 0; i < 1_000; i++) expect(isOurLease(newLeaseId())).to.equal(true);
    const random = new Random(7);
    const draw = (): bigint => BigInt(Math.floor(random.next() * 2 ** 31));
    const shaped = (): bigint => (1n << 62n) | (draw() << 31n) | draw();
    const taken = Array.from({ length: 100_000 }, shaped).filter(isOurLease);
    expect(taken.length).to.be.at.most(8);
    for (const id of [0n, 1n, 0x1fn, 0x694d_7a0e_1c3f_0002n, -1n, 1n << 62n]) {
      expect(isOurLease(id), hexOf(id)).to.equal(id === 1n << 62n); // all bits 0 check themselves
    }
  });

  it('differ from ours when any one bit of the lease differs', () => {
    const id = newLeaseId();
    for (let bit = 0n; bit < 64n; bit++) {
      expect(isOurLease(BigInt.asIntN(64, id ^ (1n << bit))), `bit ${bit}`).to.equal(false);
    }
  });

  it('are of this library only when they name such a lease in hex', () => {
    const lease = newLeaseId();
    expect(isOurs({ key: `jobs/${hexOf(lease)}`, lease })).to.equal(true);
    expect(isOurs({ key: `jobs/${lease}`, lease })).to.equal(false); // as etcd3 writes it
    expect(isOurs({ key: 'jobs/config', lease })).to.equal(false);
    expect(isOurs({ key: `jobs/${hexOf(lease)}`, lease: 0n })).to.equal(false);
    expect(isOurs({ key: 'jobs/694d7a0e1c3f0002', lease: 0x694d_7a0e_1c3f_0002n })).to.equal(false);
  });

  it('are shown to people with their values, leases and tokens', () => {
    const value = Buffer.from([0x61, 0xff]);
    const kv = { key: keyOf(Buffer.from('jöbs/1f')), value, createRevision: 7n, modRevision: 9n, lease: 31n };
    expect(toCandidate(kv)).to.deep.equal({
      key: 'jöbs/1f',
      value: 'a\ufffd',
      bytes: value,
      leaseId: '1f',
      fencingToken: 7n,
      modRevision: 9n,
      blocks: false,
      isOurs: false,
    });
  });
});
