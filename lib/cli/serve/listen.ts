import { isIP } from 'node:net';
import { CliError, EXIT } from '../exit.js';

/** Where the server listens. */
export interface ListenAddress {
  /** As the user wrote it, without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** Only programs on this machine can come in. */
  readonly isLoopback: boolean;
}

/** @throws CliError when the text is no `<address>:<port>` */
export function parseListen(text: string): ListenAddress {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (host === '' || digits === '' || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    const got = text || 'nothing';
    throw new CliError(EXIT.usage, `--listen takes an address and a port, such as 127.0.0.1:8080; got ${got}`);
  }
  return { host, port, isLoopback: isLoopback(host) };
}

/** Another name than `localhost` may lead anywhere, whatever it leads to today. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Host and port as an address has them. */
export function withPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
