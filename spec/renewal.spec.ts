import { rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { createClient } from '../lib/client.js';
import { SystemClock } from '../lib/common/time.js';
import { type Credentials, readCertificatesNow } from '../lib/etcd/certificate-files.js';
import { EtcdStore } from '../lib/etcd/etcd-store.js';
import { Renewal } from '../lib/etcd/renewal.js';
import { GrpcMember, StatusAnswer } from './support/grpc-member.js';
import { Authority, type ClientCertificate } from './support/security/certificates.js';
import { RenewableFiles } from './support/security/renewable-files.js';
import { recordKeepAlive, recordWatch } from './support/store-recorders.js';
import { tracked } from './support/track.js';
import { VirtualTime } from './support/virtual-time.js';
import { until } from './support/wait.js';

const HOSTS = ['https://127.0.0.1:1'];
const SECOND = 1_000;

describe('the renewal of certificates', () => {
  let authority: Authority;
  let [first, second, third]: ClientCertificate[] = [];
  let time: VirtualTime;
  let files: RenewableFiles;
  /** The names of the members that refuse whatever is new. */
  let refusing: Set<string>;
  let using: Map<string, Credentials>;
  let asked: string[];
  let told: { readonly message: string; readonly err?: Error; readonly member?: string }[];

  before(async function () {
    this.timeout(30_000);
    authority = await Authority.create();
    [first, second, third] = [await authority.client('a'), await authority.client('b'), await authority.client('c')];
  });
  after(() => authority?.close());

  beforeEach(() => {
    time = new VirtualTime();
    files = tracked(new RenewableFiles(first as ClientCertificate));
    refusing = new Set();
    using = new Map();
    asked = [];
    told = [];
    const tell = (data: object, message: string): unknown => told.push({ ...data, message });
    tracked(
      new Renewal({
        files,
        first: readCertificatesNow(files),
        members: ['m1', 'm2'],
        introduce: async (member, credentials) => {
          asked.push(member);
          if (refusing.has(member)) throw new Error('bad certificate');
          return () => void using.set(member, credentials);
        },
        clock: time.clock(),
        logger: { debug: () => {}, info: () => {}, warn: tell, error: tell },
      }),
    );
  });

  /** Lets a second pass, as often as it takes: files are read in real time. */
  const lookUntil = (condition: () => boolean, what: string): Promise<true> =>
    until(
      async () => {
        if (condition()) return true as const;
        await time.advance(SECOND);
        return undefined;
      },
      { what },
    );
  /** Files are certainly read again: a later change is seen. */
  const lookAgain = async (): Promise<void> => {
    const at = time.now;
    await lookUntil(() => time.now >= at + 20 * SECOND, 'some looks');
  };

  it('leaves the members alone while the files stay the same', async () => {
    await lookAgain();
    files.renew(first as ClientCertificate); // other files that hold the same
    await lookAgain();
    expect([asked, told]).to.deep.equal([[], []]);
  });

  it('brings what is new to each member, after an exchange of symbolic links too', async () => {
    for (const next of [second, third] as ClientCertificate[]) {
      files.renew(next);
      const isUsed = (member: string): boolean => using.get(member)?.certChain?.equals(next.certChain) === true;
      await lookUntil(() => isUsed('m1') && isUsed('m2'), 'both members to be reached with the new certificate');
      expect(using.get('m1')).to.deep.equal(next);
    }
    expect(told).to.deep.equal([]);
  });

  it('keeps the old certificates for a member that refuses the new ones, and tells it after a minute', async () => {
    refusing.add('m2');
    files.renew(second as ClientCertificate);
    await lookUntil(() => using.has('m1') && asked.filter((member) => member === 'm2').length > 2, 'some attempts');
    expect([...using.keys()]).to.deep.equal(['m1']);
    await time.advance(30 * SECOND);
    expect(told).to.deep.equal([]);
    await time.advance(60 * SECOND);
    expect(told.map(({ message, member }) => `${member}: ${message}`)).to.include(
      'm2: a member does not take the new certificates: the old ones stay in use there, trying again',
    );
    refusing.clear();
    await lookUntil(() => using.has('m2'), 'the second member to be reached with the new certificate');
  });

  it('forgets new certificates that a member never took when there are newer ones', async () => {
    refusing.add('m1').add('m2');
    files.renew(second as ClientCertificate);
    await lookUntil(() => asked.length > 2, 'some attempts');
    files.renew(third as ClientCertificate);
    await lookAgain();
    refusing.clear();
    await lookUntil(() => using.size === 2, 'the members to be reached');
    expect([...using.values()]).to.deep.equal([third, third]);
    await lookAgain();
    expect([...using.values()]).to.deep.equal([third, third]);
  });

  for (const [what, damage, message] of [
    ['is missing', () => rmSync(files.cert), /^`tls.cert`: cannot read .*tls\.crt \(ENOENT/],
    [
      'is half written',
      () => writeFileSync(files.ca, (second as ClientCertificate).rootCertificate.subarray(0, 200)),
      /^`tls.ca`: .*ca\.crt holds no certificate in PEM$/,
    ],
    [
      'is the key of another certificate',
      () => writeFileSync(files.key, (second as ClientCertificate).privateKey),
      /^`tls.key`: .*tls\.key is not the key of the certificate in `tls.cert` .*tls\.crt$/,
    ],
  ] as const) {
    it(`goes on with the old ones while a file ${what}, says so, and takes the files once they fit`, async () => {
      damage();
      await lookUntil(() => told.length > 0, 'a warning');
      expect(told[0]?.message).to.equal(
        'the certificates cannot be read again: the old ones stay in use, trying again',
      );
      expect(told[0]?.err).to.have.property('code', 'INVALID_OPTION');
      expect(told[0]?.err?.message).to.match(message);
      expect(asked).to.deep.equal([]);
      for (const [kind, name] of [
        ['ca', 'rootCertificate'],
        ['cert', 'certChain'],
        ['key', 'privateKey'],
      ] as const) {
        writeFileSync(files[kind], (third as ClientCertificate)[name]);
      }
      await lookUntil(() => using.size === 2, 'the members to be reached with the new certificates');
    });

    it(`refuses at once to make a client when a file ${what}`, () => {
      damage();
      expect(() => createClient({ hosts: HOSTS, tls: files }))
        .to.throw(message)
        .with.property('code', 'INVALID_OPTION');
    });
  }

  for (const [tls, message] of [
    [{}, /^`tls` must name the file `ca`, or `cert` and `key`; got/],
    ['ca.crt', /^`tls` must name the file `ca`, or `cert` and `key`; got "ca.crt"$/],
    [{ ca: Buffer.from('') }, /^`tls.ca` must be the name of a file; got/],
    [{ cert: 'x' }, /^`tls.cert` and `tls.key` belong together; `tls.key` is missing$/],
    [{ key: 'x' }, /^`tls.cert` and `tls.key` belong together; `tls.cert` is missing$/],
  ] as const) {
    it(`is refused by the name of the option: tls ${JSON.stringify(tls)}`, () => {
      expect(() => createClient({ hosts: HOSTS, tls: tls as never }))
        .to.throw(message)
        .with.property('code', 'INVALID_OPTION');
    });
  }

  it('is refused beside `credentials`, and with addresses of http', () => {
    const credentials = first as ClientCertificate;
    expect(() => createClient({ hosts: HOSTS, tls: files, credentials })).to.throw('give one of them');
    expect(() => createClient({ hosts: 'http://a:1', tls: files })).to.throw('`tls` needs `hosts` with https; got');
  });
});

describe('a client whose certificates are renewed', () => {
  it('is served all along, and its streams are opened anew', async function () {
    this.timeout(30_000);
    const authority = tracked(await Authority.create());
    const files = tracked(new RenewableFiles(await authority.client('a')));
    const member = await GrpcMember.listen(await authority.client('member'));
    const etcd = createClient({ hosts: `https://${member.host}`, tls: files });
    tracked({ close: () => etcd.close() });
    const store = new EtcdStore(etcd, new SystemClock());
    const refreshes = [recordKeepAlive(store, 31n), recordKeepAlive(store, 32n)];
    const watch = recordWatch(store, 'jobs/');
    for (const { stream } of [...refreshes, watch]) tracked(stream);
    watch.watchAll(1, 8n);
    for (const { stream } of refreshes) stream.send();
    for (const { until } of refreshes) await until((story) => story.length === 1);
    await watch.until((story) => story.includes('1 created'));
    expect(member.streams).to.equal(3);

    files.renew(await authority.client('b'));
    await watch.until((story) => story.includes('closed')); // who watches opens the next stream
    await until(() => member.streams === 2, { what: 'the old streams to be gone' });
    for (const { stream } of refreshes) stream.send();
    for (const { until } of refreshes) await until((story) => story.length === 2);
    expect(refreshes.map(({ story }) => story)).to.deep.equal([
      ['ttl 10', 'ttl 10'],
      ['ttl 10', 'ttl 10'],
    ]);
    expect(await etcd.get('a').string()).to.equal(null);
  });
});

describe('a password that a function gives', () => {
  const connect = (member: GrpcMember, password: () => string | Promise<string>): Etcd3 => {
    const etcd = createClient({ hosts: member.host, auth: { username: 'worker', password } });
    tracked({ close: () => etcd.close() });
    return etcd;
  };

  it('is asked for whenever a token is fetched', async () => {
    const member = await GrpcMember.listen();
    const passwords = ['first', 'second'];
    const etcd = connect(member, async () => passwords.shift() ?? 'none');
    await etcd.get('a');
    await etcd.get('a');
    expect(member.requests('Authenticate')).to.deep.equal([{ name: 'worker', password: 'first' }]);
    const well = member.answers.Range;
    member.answers.Range = () => {
      member.answers.Range = well;
      throw new StatusAnswer(16, 'etcdserver: invalid auth token');
    };
    await etcd.get('a');
    expect(member.requests('Authenticate')[1]).to.deep.equal({ name: 'worker', password: 'second' });
  });

  it('need not be a promise', async () => {
    const member = await GrpcMember.listen();
    await connect(member, () => 'plain').get('a');
    expect(member.requests('Authenticate')).to.deep.equal([{ name: 'worker', password: 'plain' }]);
  });

  for (const [what, password] of [
    [
      'throws',
      () => {
        throw new Error('no secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no secret'))],
  ] as const) {
    it(`fails the request when the function ${what}, and is asked for again`, async () => {
      const member = await GrpcMember.listen();
      let isGone = true;
      const etcd = connect(member, () => (isGone ? password() : 'back'));
      const store = new EtcdStore(etcd, new SystemClock());
      const failure = await store.grant(1n, 10).catch((err: Error) => err);
      expect(failure).to.have.property('code', 'UNAVAILABLE');
      expect((failure as Error).message).to.equal(
        'etcd did not grant a lease (the function `auth.password` failed: no secret): trying again',
      );
      expect(member.asked).to.deep.equal([]);
      isGone = false;
      expect((await store.grant(1n, 10)).ttl).to.equal(10);
    });
  }
});
