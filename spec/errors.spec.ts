import { expect } from 'chai';
import { ElectionError, toElectionError, unreachable } from '../lib/errors.js';
import { isDenied, isLeaseExists, translate } from '../lib/etcd/errors.js';
import { RequestRefused } from '../lib/store/store.js';

describe('an election error', () => {
  it('is an Error with a code, a name and its cause', () => {
    const cause = new Error('14 UNAVAILABLE');
    const err = new ElectionError('UNAVAILABLE', 'etcd did not read: trying again', { cause });
    expect(err).to.be.instanceOf(Error);
    expect(err).to.include({ name: 'ElectionError', code: 'UNAVAILABLE', cause });
    expect(String(err)).to.equal('ElectionError: etcd did not read: trying again');
  });

  it('has no cause when nobody gave one', () => {
    expect(Object.hasOwn(new ElectionError('STOPPED', 'stopped'), 'cause')).to.equal(false);
  });
});

describe('what was thrown', () => {
  it('stays as it is when it is one of our errors', () => {
    const refused = new RequestRefused('UNAVAILABLE', 'etcd refuses');
    expect(toElectionError(refused, 'another message')).to.equal(refused);
  });

  for (const thrown of [new TypeError('no function'), 'a text', undefined]) {
    it(`is the cause of an UNAVAILABLE when it is none: ${String(thrown)}`, () => {
      expect(toElectionError(thrown)).to.include({ code: 'UNAVAILABLE', message: String(thrown), cause: thrown });
      expect(toElectionError(thrown, 'not read')).to.include({ message: 'not read', cause: thrown });
    });
  }
});

describe('what must never be reached', () => {
  it('says what reached it', () => {
    expect(() => unreachable('surprise' as never)).to.throw('unexpected value: surprise');
  });
});

describe('what etcd says', () => {
  class EtcdPermissionDeniedError extends Error {}

  for (const [said, code] of [
    ['5 NOT_FOUND: etcdserver: requested lease not found', 'LEASE_LOST'],
    ['etcdserver: lease 1f is expired or revoked', 'LEASE_LOST'],
    ['7 PERMISSION_DENIED: etcdserver: permission denied', 'PERMISSION_DENIED'],
    ['16 UNAUTHENTICATED: etcdserver: invalid auth token', 'PERMISSION_DENIED'],
    ['3 INVALID_ARGUMENT: etcdserver: authentication failed, invalid user ID or password', 'PERMISSION_DENIED'],
    ['9 FAILED_PRECONDITION: etcdserver: authentication is not enabled', 'PERMISSION_DENIED'],
    ['3 INVALID_ARGUMENT: etcdserver: user name is empty', 'PERMISSION_DENIED'],
    ['14 UNAVAILABLE: etcdserver: no leader', 'UNAVAILABLE'],
    ['14 UNAVAILABLE: connect ECONNREFUSED 127.0.0.1:2379', 'UNAVAILABLE'],
    ['4 DEADLINE_EXCEEDED', 'UNAVAILABLE'],
    ['something nobody has heard of', 'UNAVAILABLE'],
  ] as const) {
    it(`becomes ${code}: ${said}`, () => {
      const cause = new Error(said);
      const err = translate(cause, 'write the key');
      expect(err).to.include({ name: 'ElectionError', code, cause });
      expect(err).not.to.be.instanceOf(RequestRefused);
      expect(err.message).to.include('write the key');
    });
  }

  for (const said of [
    '8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded',
    '3 INVALID_ARGUMENT: etcdserver: request is too large',
    '12 UNIMPLEMENTED: unknown method',
    '11 OUT_OF_RANGE: etcdserver: mvcc: required revision is a future revision',
  ]) {
    it(`is a refusal of the request as it stands: ${said}`, () => {
      expect(translate(new Error(said), 'write'))
        .to.be.instanceOf(RequestRefused)
        .and.include({ code: 'UNAVAILABLE' });
    });
  }

  for (const [said, reason] of [
    [
      '14 UNAVAILABLE: No connection established. ' +
        'Last error: connect ECONNREFUSED 127.0.0.1:1 (2026-07-01T12:00:00.000Z). Resolution note: ',
      'connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      '14 UNAVAILABLE: No connection established. ' +
        'Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ',
      'connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      '14 UNAVAILABLE: No connection established. Last error: undefined. Resolution note: ',
      'no connection, and no reason given',
    ],
    ['14 UNAVAILABLE: undefined', 'no connection, and no reason given'],
    ['8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded', 'etcdserver: mvcc: database space exceeded'],
    ['unable to verify\n  the certificate\n', 'unable to verify the certificate'],
  ] as const) {
    it(`is told without what gRPC wraps around it: ${reason}`, () => {
      const error = translate(new Error(said), 'read');
      expect(error.message).to.equal(`etcd did not read (${reason}): trying again`);
    });
  }

  it('is left alone when it is translated already', () => {
    const err = new ElectionError('STOPPED', 'stopped');
    expect(translate(err, 'write')).to.equal(err);
  });

  it('is understood when it is not even an error', () => {
    expect(translate('etcdserver: requested lease not found', 'write')).to.include({ code: 'LEASE_LOST' });
    expect(translate(undefined, 'write')).to.include({ code: 'UNAVAILABLE' });
  });

  it('is a denial also when only its class says so', () => {
    expect(isDenied(new (class UNAUTHENTICATED extends Error {})('no'))).to.equal(true);
    expect(isDenied(new EtcdPermissionDeniedError('etcdserver: permission denied'))).to.equal(true);
    expect(isDenied(new Error('14 UNAVAILABLE'))).to.equal(false);
  });

  it('tells a lease that exists already from other failures', () => {
    expect(isLeaseExists(new Error('9 FAILED_PRECONDITION: etcdserver: lease already exists'))).to.equal(true);
    expect(isLeaseExists(new Error('etcdserver: requested lease not found'))).to.equal(false);
  });
});
