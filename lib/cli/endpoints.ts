import { CliError, EXIT } from './exit.js';

/** A name, an IPv4 address, or an IPv6 address in brackets. `URL` takes other characters too. */
const HOST = /^([\w.-]+|\[[0-9a-f:.]+\])$/i;

/** etcdctl's default. */
export const DEFAULT_ENDPOINT = '127.0.0.1:2379';

const DEFAULT_PORT = 2379;

/**
 * Turns addresses as etcdctl takes them, such as `a:2379,https://b:2379`, into addresses as etcd3 takes them, each with
 * a scheme and a port. An address without a scheme becomes https when certificates are given.
 *
 * @throws CliError when the list is empty, an address is malformed, or some are http and some are https
 */
export function parseEndpoints(list: string, hasCertificates: boolean): string[] {
  const hosts = list
    .split(',')
    .map((endpoint) => endpoint.trim())
    .filter((endpoint) => endpoint !== '')
    .map((endpoint) => parseEndpoint(endpoint, hasCertificates));
  if (hosts.length === 0) throw new CliError(EXIT.usage, '--endpoints names no address');
  if (new Set(hosts.map((host) => host.slice(0, host.indexOf(':')))).size > 1) {
    throw new CliError(EXIT.usage, `--endpoints must be all http or all https; got ${list}`);
  }
  return hosts;
}

function parseEndpoint(endpoint: string, hasCertificates: boolean): string {
  const scheme = hasCertificates ? 'https' : 'http';
  const text = endpoint.includes('://') ? endpoint : `${scheme}://${endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || !HOST.test(url.hostname)) {
    throw new CliError(EXIT.usage, `--endpoints takes addresses such as ${DEFAULT_ENDPOINT}; got ${endpoint}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new CliError(EXIT.usage, `--endpoints takes no user and no password: give --user; got ${url.host} with one`);
  }
  if (!/^\/*$/.test(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new CliError(EXIT.usage, `--endpoints takes addresses without a path; got ${endpoint}`);
  }
  // `URL` drops a port that is the scheme's own, 80 or 443, even when somebody has written it.
  const written = /:(\d+)\/*$/.exec(text)?.[1];
  return `${url.protocol}//${url.hostname}:${written ?? DEFAULT_PORT}`;
}
