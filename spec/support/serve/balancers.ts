import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../cli/program.js';
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

/**
 * HAProxy with the configuration of the page. Resolves with its address when it has checked that web-2 does not lead:
 * before, it takes every host for one that leads.
 */
export async function startHaproxy(options: BalancerOptions): Promise<string> {
  const { folder, port, text } = await configuration('haproxy', options);
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, text);
  const env = { ETCD_LEADER_SERVE_TOKEN: options.token };
  const program = Program.spawn(await findTool('haproxy'), ['-db', '-f', file], { env });
  await program.stderr.line(/leader-of-mail\/web-2 is DOWN, reason: Layer7 wrong status, code: 503/);
  return `http://127.0.0.1:${port}/`;
}

/** nginx with the configuration of the page, and its own files in a folder of the spec. Resolves with its address. */
export async function startNginx(options: BalancerOptions): Promise<string> {
  const { folder, port, text } = await configuration('nginx', options);
  const file = join(folder, 'nginx.conf');
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const own = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join(' ');
  mkdirSync(join(folder, 'proxy'));
  writeFileSync(file, `events {}\n${text.replace('http {', `http { access_log off; ${own}`)}`);
  const settings = `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log stderr crit;`;
  Program.spawn(await findTool('nginx'), ['-p', folder, '-e', 'stderr', '-c', file, '-g', settings]);
  return `http://127.0.0.1:${port}/`;
}

async function configuration(
  language: string,
  { places, election }: BalancerOptions,
): Promise<{ folder: string; port: number; text: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-balancer-'));
  tracked({ close: () => rmSync(folder, { recursive: true, force: true }) });
  const [port = 0] = await freePorts(1);
  const [block] = new RegExp(`(?<=\`\`\`${language}\n)[^\`]*`).exec(readPage('docs/serve.md')) ?? [];
  if (block === undefined) throw new Error(`docs/serve.md has no configuration of ${language}`);
  const [first = 0, second = first] = places.serves;
  const replaced: readonly (readonly [string, string])[] = [
    ['127.0.0.1:8000', `127.0.0.1:${port}`],
    ['10.0.0.11:3000', `127.0.0.1:${places.apps[0]}`],
    ['10.0.0.12:3000', `127.0.0.1:${places.apps[1]}`],
    ['addr 10.0.0.11 port 8080', `addr 127.0.0.1 port ${first}`],
    ['addr 10.0.0.12 port 8080', `addr 127.0.0.1 port ${second}`],
    ['127.0.0.1:8080', `127.0.0.1:${first}`],
    [ELECTION, election],
  ];
  const text = replaced.reduce((before, [from, to]) => before.replaceAll(from, to), block);
  if (/10\.0\.0|jobs\/mail/.test(text)) throw new Error(`docs/serve.md: ${language} names what the spec has not`);
  return { folder, port, text };
}
