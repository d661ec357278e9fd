import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliProgram } from '../cli/program.js';
import { freePorts } from '../cluster/ports.js';
import { findTool } from '../cluster/tools.js';
import { readPage } from '../docs/pages.js';
import { tracked } from '../track.js';

/** Where things are that the page places on hosts of its own. All of them are ports of 127.0.0.1 here. */
export interface Places {
  readonly apps: readonly [number, number];
  /** One on each host, or one beside the balancer. */
  readonly serves: readonly number[];
}

/** The election in the configurations of the page. */
const ELECTION = 'jobs/mail';

export interface BalancerOptions {
  readonly places: Places;
  readonly election: string;
  readonly token: string;
}

export interface TlsProxyOptions {
  /** The port of `serve`. */
  readonly port: number;
  /** PEM files. */
  readonly cert: string;
  readonly key: string;
}

export interface TlsProxy {
  readonly url: string;
  readonly program: CliProgram;
}

/**
 * HAProxy with the configuration of the page. Resolves with its address when it has checked that web-2 does not lead:
 * before, it takes every host for one that leads.
 */
export async function startHaproxy(options: BalancerOptions): Promise<string> {
  const { folder, port, text } = await configuration('haproxy', options);
  const file = written(folder, 'haproxy.cfg', text);
  const env = { ETCD_LEADER_SERVE_TOKEN: options.token };
  const program = CliProgram.spawn(await findTool('haproxy'), ['-db', '-f', file], { env });
  await program.stderr.line(/leader-of-mail\/web-2 is DOWN, reason: Layer7 wrong status, code: 503/);
  return `http://127.0.0.1:${port}/`;
}

/** nginx with the configuration of the page, and its own files in a folder of the spec. Resolves with its address. */
export async function startNginx(options: BalancerOptions): Promise<string> {
  const { folder, port, text } = await configuration('nginx', options);
  await runNginx(folder, text);
  return `http://127.0.0.1:${port}/`;
}

/** HAProxy as the page has it before `serve`, for TLS. */
export async function startHaproxyForTls({ port: served, cert, key }: TlsProxyOptions): Promise<TlsProxy> {
  const { folder, port } = await place();
  const pem = written(folder, 'leaders.pem', `${readFileSync(cert, 'utf8')}${readFileSync(key, 'utf8')}`);
  const text = replaced(blockOf('haproxy', ' ssl '), [
    [':443', `127.0.0.1:${port}`],
    ['/etc/haproxy/leaders.pem', pem],
    ['127.0.0.1:8080', `127.0.0.1:${served}`],
  ]);
  const program = CliProgram.spawn(await findTool('haproxy'), ['-db', '-f', written(folder, 'haproxy.cfg', text)]);
  return { url: `https://127.0.0.1:${port}/`, program };
}

/** nginx as the page has it before `serve`, for TLS. */
export async function startNginxForTls({ port: served, cert, key }: TlsProxyOptions): Promise<TlsProxy> {
  const { folder, port } = await place();
  const text = replaced(blockOf('nginx', ' ssl;'), [
    ['443', `127.0.0.1:${port}`],
    ['/etc/nginx/leaders.pem', cert],
    ['/etc/nginx/leaders.key', key],
    ['127.0.0.1:8080', `127.0.0.1:${served}`],
  ]);
  return { url: `https://127.0.0.1:${port}/`, program: await runNginx(folder, text) };
}

/** nginx with this configuration, and its own files in this folder. */
async function runNginx(folder: string, text: string): Promise<CliProgram> {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const own = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join(' ');
  mkdirSync(join(folder, 'proxy'));
  const file = written(folder, 'nginx.conf', `events {}\n${text.replace('http {', `http { access_log off; ${own}`)}`);
  const settings = `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log stderr crit;`;
  return CliProgram.spawn(await findTool('nginx'), ['-p', folder, '-e', 'stderr', '-c', file, '-g', settings]);
}

/** A folder of the spec, and a free port. */
async function place(): Promise<{ folder: string; port: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-balancer-'));
  tracked({ close: () => rmSync(folder, { recursive: true, force: true }) });
  const [port = 0] = await freePorts(1);
  return { folder, port };
}

function written(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The configuration of the page in which this text stands. */
function blockOf(language: string, text: string): string {
  const blocks = readPage('docs/serve.md').matchAll(new RegExp(`(?<=\`\`\`${language}\n)[^\`]*`, 'g'));
  const block = [...blocks].map(([found]) => found).find((found) => found.includes(text));
  if (block === undefined) throw new Error(`docs/serve.md has no such configuration of ${language}`);
  return block;
}

function replaced(block: string, pairs: readonly (readonly [from: string, to: string])[]): string {
  for (const [from] of pairs) if (!block.includes(from)) throw new Error(`docs/serve.md does not say ${from}`);
  return pairs.reduce((before, [from, to]) => before.replaceAll(from, to), block);
}

async function configuration(
  language: 'haproxy' | 'nginx',
  { places, election }: BalancerOptions,
): Promise<{ folder: string; port: number; text: string }> {
  const { folder, port } = await place();
  const [first = 0, second = first] = places.serves;
  const serves: readonly (readonly [string, string])[] =
    language === 'nginx'
      ? [['127.0.0.1:8080', `127.0.0.1:${first}`]]
      : [
          ['addr 10.0.0.11 port 8080', `addr 127.0.0.1 port ${first}`],
          ['addr 10.0.0.12 port 8080', `addr 127.0.0.1 port ${second}`],
        ];
  const text = replaced(blockOf(language, ELECTION), [
    ['127.0.0.1:8000', `127.0.0.1:${port}`],
    ['10.0.0.11:3000', `127.0.0.1:${places.apps[0]}`],
    ['10.0.0.12:3000', `127.0.0.1:${places.apps[1]}`],
    ...serves,
    [ELECTION, election],
  ]);
  if (/10\.0\.0|jobs\/mail/.test(text)) throw new Error(`docs/serve.md: ${language} names what the spec has not`);
  return { folder, port, text };
}
