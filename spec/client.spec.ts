import { expect } from 'chai';
import { type Etcd3, isRecoverableError } from 'etcd3';
import { createClient } from '../lib/client.js';
import { GrpcMember, StatusAnswer } from './support/grpc-member.js';
import { Authority } from './support/security/certificates.js';
import { tracked } from './support/track.js';

describe('createClient()', () => {
  const open = (options: Parameters<typeof createClient>[0]): Etcd3 => {
    const client = createClient(options);
    tracked({ close: () => client.close() });
    return client;
  };
  const optionsOf = (client: Etcd3): Record<string, Record<string, unknown> | undefined> =>
    Reflect.get(client, 'options') as Record<string, Record<string, unknown> | undefined>;

  for (const hosts of [undefined, null, '', [], 2379, [2379], ['127.0.0.1:2379', '']]) {
    it(`refuses hosts that are ${JSON.stringify(hosts) ?? 'missing'}, by name`, () => {
      expect(() => createClient({ hosts } as never))
        .to.throw(/^`hosts` must be an address such as .*; got/)
        .with.property('code', 'INVALID_OPTION');
    });
  }

  it('refuses to be called without options', () => {
    expect(() => createClient(undefined as never))
      .to.throw('`hosts`')
      .with.property('code', 'INVALID_OPTION');
  });

  it('finds half-open connections, connects anew soon, and takes answers of any size', () => {
    expect(optionsOf(open({ hosts: '127.0.0.1:1' }))['grpcOptions']).to.deep.equal({
      'grpc.keepalive_time_ms': 6_000,
      'grpc.keepalive_timeout_ms': 3_000,
      'grpc.keepalive_permit_without_calls': 0,
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.max_receive_message_length': -1,
      'grpc.enable_http_proxy': 0,
    });
  });

  for (const [hosts, isDirect] of [
    ['127.0.0.1:1', true],
    ['http://localhost:1', true],
    ['https://[::1]:1', true],
    ['http://10.0.0.1:1', false],
    [['http://127.0.0.1:1', 'http://10.0.0.1:1'], false],
    ['http://127.0.0.1.example.com:1', false],
  ] as const) {
    it(`uses ${isDirect ? 'no' : 'the'} proxy of the environment to ${hosts}`, () => {
      const { grpcOptions } = optionsOf(open({ hosts: typeof hosts === 'string' ? hosts : [...hosts] }));
      expect(grpcOptions?.['grpc.enable_http_proxy']).to.equal(isDirect ? 0 : undefined);
    });
  }

  for (const [hosts, taken] of [
    ['http://127.0.0.1:1/', 'http://127.0.0.1:1'],
    ['127.0.0.1:1//', '127.0.0.1:1'],
    ['dns:///127.0.0.1:1', 'dns:///127.0.0.1:1'],
  ] as const) {
    it(`takes ${hosts} for ${taken}`, () => {
      expect(optionsOf(open({ hosts }))['hosts']).to.deep.equal([taken]);
    });
  }

  for (const hosts of [
    'a:1,b:1',
    'http://a:1,http://b:1',
    'http://a:1/path',
    'ftp://a:1',
    ' a:1',
    'a:1 b:1',
    'a;b',
    '/',
  ]) {
    it(`refuses the host ${JSON.stringify(hosts)}, and shows it`, () => {
      expect(() => createClient({ hosts }))
        .to.throw(`\`hosts\` must be an address such as "http://127.0.0.1:2379", or a list of them; got "${hosts}"`)
        .with.property('code', 'INVALID_OPTION');
    });
  }

  it('refuses a mix of http and https', () => {
    expect(() => createClient({ hosts: ['http://a:1', 'https://b:1'] }))
      .to.throw('`hosts` must be all https or all http; got a mix of them')
      .with.property('code', 'INVALID_OPTION');
  });

  it('refuses credentials that OpenSSL refuses, by the name of the option', () => {
    const bad = Buffer.from('no PEM');
    const credentials = { rootCertificate: bad, certChain: bad, privateKey: bad };
    expect(() => createClient({ hosts: 'https://127.0.0.1:1', credentials }))
      .to.throw('`credentials` cannot be used: ')
      .with.property('code', 'INVALID_OPTION');
  });

  it('lets the settings of the caller go first, one by one', () => {
    const client = open({
      hosts: ['127.0.0.1:1'],
      dialTimeout: 5,
      grpcOptions: { 'grpc.keepalive_time_ms': 20_000, 'grpc.max_send_message_length': 1 },
    });
    const { grpcOptions, hosts } = optionsOf(client);
    expect(grpcOptions).to.include({
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 3_000,
      'grpc.max_send_message_length': 1,
    });
    expect(hosts).to.deep.equal(['127.0.0.1:1']);
  });

  it('bounds the time that fetching a token takes, unless the caller does', () => {
    const auth = { username: 'u', password: 'p' };
    const callOptions = (client: Etcd3): unknown => optionsOf(client)['auth']?.['callOptions'];
    const ours = callOptions(open({ hosts: '127.0.0.1:1', auth })) as () => { deadline: number };
    expect(ours().deadline - Date.now()).to.be.within(1_000, 2_000);
    const theirs = { deadline: 5 };
    expect(callOptions(open({ hosts: '127.0.0.1:1', auth: { ...auth, callOptions: theirs } }))).to.equal(theirs);
  });

  it('works as any other client of etcd3', async () => {
    const member = await GrpcMember.listen();
    member.answers.Range = () => ({
      header: { revision: '8' },
      kvs: [{ key: Buffer.from('a'), value: Buffer.from('x') }],
      count: '1',
    });
    expect(await open({ hosts: member.host }).get('a')).to.equal('x');
  });

  it('closes no host after failures, and repeats nothing by itself', async () => {
    const member = await GrpcMember.listen();
    const well = member.answers.Range;
    member.answers.Range = () => {
      throw new StatusAnswer(14, 'etcdserver: no leader');
    };
    const client = open({ hosts: member.host });
    for (let n = 1; n <= 5; n += 1) {
      const err = await client.get('a').catch((reason: Error) => reason);
      expect(err).to.be.instanceOf(Error).and.to.satisfy(isRecoverableError);
      expect(member.asked).to.have.length(n);
    }
    member.answers.Range = well;
    expect(await client.get('a')).to.equal(null);
  });

  it('leaves fault handling to the caller when the caller brings fault handling', async () => {
    const member = await GrpcMember.listen();
    let executed = 0;
    const never = () => ({ dispose: () => {} });
    const policy = {
      onSuccess: never,
      onFailure: never,
      execute: (fn: (context: { signal: AbortSignal }) => unknown) => {
        executed += 1;
        return Promise.resolve(fn({ signal: new AbortController().signal }));
      },
    };
    await open({ hosts: member.host, faultHandling: { global: policy as never } }).get('a');
    expect(executed).to.equal(1);
  });

  describe('over TLS, by an address', () => {
    const membersOf = async (address: string): Promise<{ member: GrpcMember; client: Etcd3 }> => {
      const authority = tracked(await Authority.create());
      const member = await GrpcMember.listen(await authority.client('member', address));
      const { rootCertificate, privateKey, certChain } = await authority.client();
      const credentials = { rootCertificate, privateKey, certChain };
      return { member, client: open({ hosts: `https://${member.host}`, credentials }) };
    };

    it('reaches a member whose certificate has the address', async () => {
      const { member, client } = await membersOf('127.0.0.1');
      expect(await client.get('a')).to.equal(null);
      expect(member.requests('Range')).to.have.length(1);
    });

    it('refuses a member whose certificate has another address', async () => {
      const { member, client } = await membersOf('127.0.0.2');
      const err = await client.get('a').catch((reason: Error) => reason);
      expect(err).to.be.instanceOf(Error).with.property('message').that.includes('127.0.0.1 is not in the cert');
      expect(member.asked).to.deep.equal([]);
    });
  });
});
