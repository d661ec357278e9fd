import { join } from 'node:path';
import type { Cluster } from './cluster.js';
import { findRestorer, findTool } from './tools.js';

/** All members are down while `change` is made to their data. Resolves when the cluster serves again. */
export async function rebuild(cluster: Cluster, change: () => Promise<void> | void): Promise<void> {
  await Promise.all(cluster.members.map((member) => member.kill()));
  await change();
  for (const member of cluster.members) member.launch();
  await cluster.healthy();
}

/** Takes a snapshot of the data. Resolves with its file. */
export async function takeSnapshot(cluster: Cluster): Promise<string> {
  const [first] = cluster.members;
  const file = join(first?.folder ?? '', 'snapshot');
  await first?.snapshot(file, await findTool('etcdctl'));
  return file;
}

/** Lays the data of a snapshot under all members, as an operator does: with the names and addresses of before. */
export async function restoreSnapshot(cluster: Cluster, file: string, flags: readonly string[] = []): Promise<void> {
  const restorer = await findRestorer();
  await rebuild(cluster, async () => {
    for (const member of cluster.members) await member.restore(file, restorer, flags);
  });
}
