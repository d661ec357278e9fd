import type * as Grpc from '@grpc/grpc-js';
import { grpc, loadProto } from './etcd3-grpc.js';
import { tracked } from './track.js';

/** Without defaults, so that a message is sent on as it came. */
const proto = loadProto({
  keepCase: true,
  longs: String,
});

interface RangeRequest {
  revision?: string;
}

interface Operation {
  readonly request_range?: RangeRequest;
}

/** A request of `KV/Range` is a range itself, one of `KV/Txn` has operations. */
interface ReadRequest extends RangeRequest {
  readonly success?: readonly Operation[];
  readonly failure?: readonly Operation[];
}

interface Reply {
  readonly header: { revision: string };
}

type Raw = Grpc.MethodDefinition<Buffer, Buffer>;
type Coded = Grpc.MethodDefinition<object, object>;

const same = (bytes: Buffer): Buffer => bytes;

/**
 * A gRPC proxy before a member of etcd that can answer reads from before, as members could before 3.4.42, 3.5.28 and
 * 3.6.9: keys and revision of the answer are those of an earlier revision. Everything else passes.
 */
export class StaleMember {
  /** How many reads were answered from before. */
  answered = 0;
  #old: { readonly revision: string; left: number } = { revision: '0', left: 0 };
  #host = '';
  readonly #server = new grpc.Server();
  readonly #member: Grpc.Client;

  private constructor(host: string) {
    this.#member = new grpc.Client(host.replace(/^http:\/\//, ''), grpc.credentials.createInsecure());
    for (const [name, definition] of Object.entries(proto)) {
      if (!name.startsWith('etcdserverpb.') || 'format' in definition) continue;
      for (const [method, coded] of Object.entries(definition as Record<string, Coded>)) this.#pass(method, coded);
    }
  }

  static async of(host: string): Promise<StaleMember> {
    const member = new StaleMember(host);
    const port = await new Promise<number>((resolve, reject) => {
      member.#server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (err, bound) =>
        err === null ? resolve(bound) : reject(err),
      );
    });
    member.#host = `http://127.0.0.1:${port}`;
    return tracked(member);
  }

  get host(): string {
    return this.#host;
  }

  /** Answers the next reads as of this revision. */
  answerFrom(revision: string, reads = 1): void {
    this.#old = { revision, left: reads };
  }

  close(): void {
    this.#server.forceShutdown();
    this.#member.close();
  }

  #pass(name: string, coded: Coded): void {
    const { path } = coded;
    const raw: Raw = {
      ...coded,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    const handler = coded.requestStream ? this.#stream(path) : coded.responseStream ? undefined : this.#unary(coded);
    if (handler === undefined) return; // snapshots, which no spec takes through here
    this.#server.addService({ [name]: raw }, { [name]: handler } as Grpc.UntypedServiceImplementation);
  }

  #unary(coded: Coded): Grpc.handleUnaryCall<Buffer, Buffer> {
    return ({ request, metadata }, reply) => {
      const old = this.#asOfBefore(coded, request);
      if (old !== undefined) this.answered++;
      this.#member.makeUnaryRequest(coded.path, same, same, old?.request ?? request, metadata, (err, answer) => {
        if (err !== null || answer === undefined) reply(err ?? new Error('no answer'));
        else reply(null, old === undefined ? answer : dated(coded, answer, old.revision));
      });
    };
  }

  #stream(path: string): Grpc.handleBidiStreamingCall<Buffer, Buffer> {
    return (call) => {
      const upstream = this.#member.makeBidiStreamRequest(path, same, same, call.metadata);
      call.on('data', (message: Buffer) => upstream.write(message));
      call.on('end', () => upstream.end());
      call.on('cancelled', () => upstream.cancel());
      upstream.on('data', (message: Buffer) => call.write(message));
      upstream.on('end', () => call.end());
      upstream.on('error', (err) => call.emit('error', err));
    };
  }

  /** The read as it asks for the earlier revision; undefined: it is no read, or is to pass. */
  #asOfBefore(coded: Coded, bytes: Buffer): { readonly request: Buffer; readonly revision: string } | undefined {
    const isTxn = coded.path.endsWith('KV/Txn');
    if (this.#old.left === 0 || !(isTxn || coded.path.endsWith('KV/Range'))) return undefined;
    const request = coded.requestDeserialize(bytes) as ReadRequest;
    const operations = [...(request.success ?? []), ...(request.failure ?? [])];
    const ranges = isTxn ? operations.map((operation) => operation.request_range) : [request];
    if (ranges.some((range) => range === undefined)) return undefined;
    this.#old.left--;
    const { revision } = this.#old;
    for (const range of ranges) if (range !== undefined) range.revision = revision;
    return { request: coded.requestSerialize(request), revision };
  }
}

function dated(coded: Coded, answer: Buffer, revision: string): Buffer {
  const reply = coded.responseDeserialize(answer) as Reply;
  reply.header.revision = revision;
  return coded.responseSerialize(reply);
}
