import { SystemClock } from '../../common/time.js';
import { bytesOf, keyFrom } from '../../store/bytes.js';
import { LONGEST_VALUE } from '../../view/seen-key.js';
import { View } from '../../view/view.js';
import type { CommandContext } from '../command-context.js';
import { secondsOf } from '../duration.js';
import { CliError, EXIT, type Exit } from '../exit.js';
import { explain } from '../explain.js';
import { OutageNotices } from '../outage-notices.js';
import { visible } from '../output.js';
import { Requests } from '../requests.js';
import { hostNameIn } from '../serve/access-check.js';
import { type AccessToken, readToken, TOKEN_VARIABLE } from '../serve/access-token.js';
import { valuesOfHost } from '../serve/leader.js';
import { type ListenAddress, parseListen } from '../serve/listen.js';
import { Site } from '../serve/site.js';

export interface ServeFlags {
  readonly listen: string;
  readonly tokenFile?: string;
  readonly host: readonly string[];
  readonly value: readonly string[];
  readonly vouchFor: string;
}

/** Seconds. A longer time would let two hosts be called leader for longer than most leases last. */
const LONGEST_VOUCH = 60;

/** Serves the page, the picture as JSON and as a stream, and who leads; until a signal ends the program. */
export async function serve(context: CommandContext, prefix: string, flags: ServeFlags): Promise<Exit> {
  const { etcd, endpoints, out } = context;
  const listen = parseListen(flags.listen);
  const token = tokenFor(listen, flags);
  const requests = new Requests(etcd);
  const outage = new OutageNotices(out, endpoints);
  let isStarted = false;
  const view = new View(etcd, prefix, { logger: out.logger, history: true });
  view.on('heard', () => outage.heard());
  const site = await Site.create({
    view,
    clock: new SystemClock(),
    // Within the range that the view reads, so that a user of etcd needs no other permission.
    ask: () => requests.key(bytesOf(prefix === '' ? '\0' : keyFrom(prefix))),
    vouchFor: vouchForOf(flags.vouchFor),
    token,
    address: listen.host,
    hosts: flags.host.map(checkedHost),
    isHere: valuesOfHost(flags.value.map(checkedValue)),
    describe: ({ error }) => explain(error, endpoints),
    changed: (trouble) => {
      if (trouble === undefined) outage.end();
      else if (isStarted || trouble.error.code !== 'PERMISSION_DENIED') outage.begin(trouble.error); // else it ends us
    },
    refused: (from, { status, error }) => out.debug(`refused a request of ${from} (${status}): ${error}`, { status }),
    failed: (error) => out.error(`a request has failed: ${visible(String(error))}`, { error }),
  });
  const signal = stopSignal();
  try {
    const address = await site.listen(listen);
    out.result(`listening on ${address}`, { listening: address });
    for (const warning of warningsOf(listen, token, flags)) out.warn(warning);
    const following = site.follow().then(() => {
      isStarted = true;
      outage.end();
    });
    await Promise.race([signal, following]);
    return { signal: await signal };
  } finally {
    await site.close();
  }
}

/** Whoever can come in from elsewhere must show a token. @throws CliError */
function tokenFor(listen: ListenAddress, { tokenFile }: ServeFlags): AccessToken | undefined {
  const token = readToken(tokenFile, process.env);
  if (token !== undefined || listen.isLoopback) return token;
  throw new CliError(
    EXIT.usage,
    `--listen ${listen.host} lets other machines in: give a token by --token-file or ${TOKEN_VARIABLE}, ` +
      'or listen on 127.0.0.1',
  );
}

/** What is allowed, and right on some networks only. */
function* warningsOf(
  { isLoopback }: ListenAddress,
  token: AccessToken | undefined,
  { host }: ServeFlags,
): IterableIterator<string> {
  if (!isLoopback) {
    yield 'without TLS everybody on the way can read the token and what is shown: where the network is not yours ' +
      'alone, listen on 127.0.0.1 behind a proxy that ends TLS';
  }
  if (host.length > 0 && token === undefined) {
    yield '--host names a proxy, and there is no token: everybody whom the proxy lets in sees everything';
  }
}

/** @throws CliError */
function checkedHost(host: string): string {
  const name = hostNameIn(host);
  if (name === undefined || /:\d+$/.test(host.replace(/^\[.*\]/, ''))) {
    throw new CliError(EXIT.usage, `--host takes a name without a port, such as leaders.example.com; got ${host}`);
  }
  return name;
}

/** Values that are longer are cut, and then look like each other. @throws CliError */
function checkedValue(value: string): string {
  const bytes = Buffer.byteLength(value);
  if (bytes < LONGEST_VALUE) return value;
  throw new CliError(EXIT.usage, `--value takes less than ${LONGEST_VALUE} bytes; got ${bytes}`);
}

/** In milliseconds. @throws CliError */
function vouchForOf(text: string): number {
  const seconds = secondsOf('--vouch-for', text);
  if (seconds < 2 || seconds > LONGEST_VOUCH) {
    throw new CliError(EXIT.usage, `--vouch-for must be 2 to ${LONGEST_VOUCH} seconds; got ${text}`);
  }
  return 1000 * seconds;
}

/** Resolves with the first signal that asks us to stop. From then on signals are left to us. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });
}
