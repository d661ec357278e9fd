import type * as Grpc from '@grpc/grpc-js';
import { grpc, loadProto } from './etcd3-grpc.js';
import type { ClientCertificate } from './security/certificates.js';
import { tracked } from './track.js';

const proto = loadProto({
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

export type Message = Record<string, unknown>;
export type Method = 'Authenticate' | 'Range' | 'Txn' | 'LeaseGrant' | 'LeaseRevoke' | 'LeaseKeepAlive' | 'Watch';

/**
 * What a member answers to one request. On a stream an answer may be several messages. A thrown gRPC status is an
 * answer too.
 */
export type Answer = (request: Message) => Message | readonly Message[] | undefined;

export class StatusAnswer extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const HEADER = { cluster_id: '1', member_id: '1', revision: '7', raft_term: '1' };

/**
 * One member of etcd as far as gRPC goes. It listens on loopback, writes down what it is asked, and answers what the
 * spec says, or never. It shows how answers come; what etcd's answers mean is the model's business.
 */
export class GrpcMember {
  /** The requests in order, and each message of a stream. */
  readonly asked: { readonly method: Method; readonly request: Message; readonly metadata: Record<string, unknown> }[] =
    [];
  /** `silent`: the member accepts everything and never answers. */
  condition: 'up' | 'silent' = 'up';
  readonly answers: Record<Method, Answer> = {
    Authenticate: () => ({ header: HEADER, token: 'token' }),
    Range: () => ({ header: HEADER, kvs: [], count: '0' }),
    Txn: () => ({ header: HEADER, succeeded: true, responses: [] }),
    LeaseGrant: ({ ID, TTL }) => ({ header: HEADER, ID, TTL }),
    LeaseRevoke: () => ({ header: HEADER }),
    LeaseKeepAlive: ({ ID }) => ({ header: HEADER, ID, TTL: '10' }),
    Watch: ({ create_request, cancel_request }) => {
      const about = (create_request ?? cancel_request) as { watch_id: string } | null;
      const watch_id = about?.watch_id ?? '-1';
      return { header: HEADER, watch_id, created: Boolean(create_request), canceled: Boolean(cancel_request) };
    },
  };
  readonly #server = new grpc.Server();
  readonly #streams = new Set<Grpc.ServerDuplexStream<Message, Message>>();

  #host = '';

  private constructor() {
    const unary =
      (method: Method): Grpc.handleUnaryCall<Message, Message> =>
      (call, reply) =>
        this.#answer(method, call, reply);
    const stream =
      (method: Method): Grpc.handleBidiStreamingCall<Message, Message> =>
      (call) =>
        this.#serve(method, call);
    this.#server.addService(service('Auth'), { Authenticate: unary('Authenticate') });
    this.#server.addService(service('KV'), { Range: unary('Range'), Txn: unary('Txn') });
    this.#server.addService(service('Lease'), {
      LeaseGrant: unary('LeaseGrant'),
      LeaseRevoke: unary('LeaseRevoke'),
      LeaseKeepAlive: stream('LeaseKeepAlive'),
    });
    this.#server.addService(service('Watch'), { Watch: stream('Watch') });
  }

  /** With `tls` it asks clients for a certificate of the same authority. */
  static async listen(tls?: ClientCertificate): Promise<GrpcMember> {
    const member = new GrpcMember();
    const pair = tls && { private_key: tls.privateKey, cert_chain: tls.certChain };
    const credentials = pair
      ? grpc.ServerCredentials.createSsl(tls.rootCertificate, [pair], true)
      : grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) => {
      member.#server.bindAsync('127.0.0.1:0', credentials, (err, bound) =>
        err === null ? resolve(bound) : reject(err),
      );
    });
    member.#host = `127.0.0.1:${port}`;
    return tracked(member);
  }

  get host(): string {
    return this.#host;
  }

  requests(method: Method): Message[] {
    return this.asked.filter((asked) => asked.method === method).map(({ request }) => request);
  }

  /** Streams that clients have open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Sends a message to every open stream. */
  tell(message: Message): void {
    for (const stream of this.#streams) stream.write(message);
  }

  /** Ends every open stream, with a status or as if it were done. */
  endStreams(status?: StatusAnswer): void {
    for (const stream of this.#streams) {
      if (status === undefined) stream.end();
      else stream.emit('error', status);
    }
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #answer(
    method: Method,
    { request, metadata }: Grpc.ServerUnaryCall<Message, Message>,
    reply: Grpc.sendUnaryData<Message>,
  ): void {
    this.asked.push({ method, request, metadata: metadata.getMap() });
    if (this.condition === 'silent') return;
    try {
      reply(null, this.answers[method](request) as Message);
    } catch (err) {
      const { code, message } = err as StatusAnswer;
      reply({ code, details: message });
    }
  }

  #serve(method: Method, stream: Grpc.ServerDuplexStream<Message, Message>): void {
    this.#streams.add(stream);
    const forget = (): void => {
      this.#streams.delete(stream);
    };
    stream.on('cancelled', forget);
    stream.on('error', forget);
    stream.on('end', () => {
      forget();
      stream.end();
    });
    stream.on('data', (request: Message) => {
      this.asked.push({ method, request, metadata: stream.metadata.getMap() });
      if (this.condition === 'silent') return;
      try {
        const answer = this.answers[method](request) ?? [];
        for (const message of Array.isArray(answer) ? answer : [answer]) stream.write(message);
      } catch (err) {
        stream.emit('error', err);
      }
    });
  }
}

function service(name: string): Grpc.ServiceDefinition {
  return proto[`etcdserverpb.${name}`] as Grpc.ServiceDefinition;
}
