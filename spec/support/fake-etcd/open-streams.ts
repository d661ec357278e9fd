import { ElectionError } from '../../../lib/errors.js';
import { type Endpoint, type Network, Path } from './network.js';
import type { MemberPicker } from './steering.js';
import { type Recipient, Transport } from './transport.js';

export type StreamKind = 'keepAlive' | 'watch';

export interface OpenStream {
  readonly kind: StreamKind;
  /** Describes the stream in the list of what is open. */
  readonly describe: () => readonly string[];
  /** Tells the handlers that the stream broke. */
  readonly onBroken: (error: Error) => void;
  readonly stream: () => { end(): void };
}

export interface OpenStreamsOptions {
  /** The name of the process. */
  readonly name: string;
  readonly network: Network;
  readonly endpoint: Endpoint;
  readonly process: Recipient;
  readonly steering: MemberPicker;
  /** Milliseconds that are added to the latency, each way. */
  readonly lag: () => number;
}

/** The streams that one process has open, each to one member. */
export class FakeStreams {
  readonly #options: OpenStreamsOptions;
  readonly #streams = new Map<Transport, OpenStream>();

  constructor(options: OpenStreamsOptions) {
    this.#options = options;
  }

  /** What is open, for people. */
  get described(): readonly string[] {
    return [...this.#streams.values()].flatMap(({ describe }) => describe());
  }

  get all(): readonly object[] {
    return [...this.#streams.values()].map(({ stream }) => stream());
  }

  /** Those of one kind; of all kinds when none is named. */
  of(kind: StreamKind | undefined): readonly Transport[] {
    return [...this.#streams].flatMap(([transport, stream]) =>
      kind === undefined || stream.kind === kind ? [transport] : [],
    );
  }

  open(stream: OpenStream): Transport {
    const { name, network, endpoint, process, steering, lag } = this.#options;
    const member = steering.pick();
    network.trace(() => `${name}: opens a ${stream.kind} stream to member ${member.id}`);
    const transport: Transport = new Transport({
      network,
      member,
      path: new Path(endpoint, member.endpoint),
      lag,
      process,
      onBroken: (error) => {
        network.trace(() => `${name}: ${stream.kind} stream to member ${member.id} ended: ${error.message}`);
        this.#streams.delete(transport);
        steering.avoid(member);
        stream.onBroken(error);
      },
      onEnded: () => stream.stream().end(),
    });
    this.#streams.set(transport, stream);
    return transport;
  }

  /** The process has closed the stream. */
  remove(transport: Transport): void {
    this.#streams.delete(transport);
  }

  /** An answer did not come: a client turns elsewhere next time, and may drop the connection. */
  overdue(transport: Transport): void {
    const { network, steering } = this.#options;
    steering.avoid(transport.member);
    if (network.options.silence === 'either' && network.random.chance(0.5)) {
      transport.break(new ElectionError('UNAVAILABLE', `no answer from member ${transport.member.id}`));
    }
  }
}
