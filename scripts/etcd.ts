/**
 * Starts one etcd member at 127.0.0.1:2379, where every client looks first, for trying things out. Ctrl-C ends it, and
 * it leaves nothing behind.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dataRoot } from '../spec/support/cluster/data-root.js';
import { describeServer, findEtcd } from '../spec/support/cluster/etcd-server.js';
import { freePorts } from '../spec/support/cluster/ports.js';

const CLIENTS = 'http://127.0.0.1:2379';

const server = await findEtcd();
if (server?.kind === 'program') {
  for (const line of await describeServer(server)) console.log(line);
  await serve(server.bin, server.version);
} else if (server?.kind === 'compose') console.log('there is no etcd program here: docker compose up --wait');
else
  console.log(
    server === undefined ? 'no etcd server: npm run setup' : `use ${(await describeServer(server)).join('\n')}`,
  );

async function serve(bin: string, version: string): Promise<void> {
  const folder = mkdtempSync(join(dataRoot(), 'etcd-leader-etcd-'));
  const [port] = await freePorts(1);
  const peers = `http://127.0.0.1:${port}`;
  const args = [
    `--data-dir=${folder}`,
    `--listen-client-urls=${CLIENTS}`,
    `--advertise-client-urls=${CLIENTS}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
    '--logger=zap',
    '--log-level=error',
  ];
  const etcd = spawn(bin, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  etcd.once('spawn', () => console.log(`etcd ${version} listens at ${CLIENTS} until Ctrl-C`));
  etcd.once('error', (err) => console.error(err.message));
  etcd.once('close', (code) => {
    rmSync(folder, { recursive: true, force: true });
    if (code !== null && code > 0)
      console.error(`etcd has ended by itself. Does something listen at ${CLIENTS} already?`);
    process.exitCode = code ?? 0;
  });
  const end = (): void => void etcd.kill();
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
}
