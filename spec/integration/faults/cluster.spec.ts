import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Cluster } from '../../support/cluster/cluster.js';
import { dataRoot } from '../../support/cluster/data-root.js';
import { get } from '../../support/cluster/http.js';
import { createFolder, sweep } from '../../support/cluster/orphans.js';
import { closedBySpec, tracked } from '../../support/track.js';
import { until } from '../../support/wait.js';

const program = fileURLToPath(new URL('../../support/programs/run-cluster.js', import.meta.url));

/** A cluster of another process, with its data in `root`: there nobody else sweeps. */
async function runElsewhere(
  root: string,
  ...args: readonly string[]
): Promise<{ child: ChildProcess; pid: number; folder: string }> {
  const child = fork(program, args, { env: { ...process.env, ETCD_LEADER_DATA: root } });
  tracked({ close: () => child.kill('SIGKILL') });
  const [message] = await once(child, 'message');
  return { child, ...(message as { pid: number; folder: string }) };
}

function scratch(): string {
  const folder = mkdtempSync(join(dataRoot(), 'etcd-leader-spec-'));
  tracked({ close: () => rmSync(folder, { recursive: true }) });
  return folder;
}

function isRunning(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a cluster of our own', () => {
  it('has a leader, which can be killed and comes back', async () => {
    const cluster = tracked(await Cluster.start());
    const leader = await cluster.raftLeader();
    await leader.kill();
    expect(leader.alive).to.equal(false);
    const next = await cluster.raftLeader();
    expect(next).not.to.equal(leader);
    await leader.start();
    expect(await get(`${leader.host}/health`)).to.include('"health":"true"');
  });

  it('can be stopped and started again as a whole', async () => {
    const cluster = tracked(await Cluster.start());
    await cluster.restart();
    expect(await Promise.all(cluster.members.map((m) => m.metrics()))).to.have.length(3);
  });

  it('has members that fall silent and wake up', async () => {
    const cluster = tracked(await Cluster.start({ members: 1 }));
    const [member] = cluster.members;
    member?.pause();
    expect([member?.alive, member?.paused]).to.deep.equal([true, true]);
    const err = await get(`${member?.host}/health`, undefined, 100).catch(String);
    expect(err).to.match(/abort|timeout/i);
    member?.resume();
    await member?.healthy();
  });

  it('starts a member that cannot become healthy yet without waiting for it', async () => {
    const cluster = tracked(await Cluster.start());
    await Promise.all(cluster.members.map((m) => m.kill()));
    await cluster.members[0]?.start();
    expect(cluster.members.map((m) => m.alive)).to.deep.equal([true, false, false]);
    await cluster.members[1]?.start();
    await cluster.healthy();
  });

  it('says what etcd said when it does not start', async () => {
    const err = await Cluster.start({ members: 1, flags: ['--no-such-flag'] }).catch(String);
    expect(err).to.include('m1 ended: ').and.to.include('no-such-flag');
  });

  it('tries other ports when one is taken, and gives up in the end', async () => {
    const other = tracked(await Cluster.start({ members: 1 }));
    const err = await Cluster.start({ members: 1, flags: [`--listen-client-urls=${other.hosts[0]}`] }).catch(String);
    expect(err).to.include('address already in use');
  });

  it('passes flags on', async () => {
    const cluster = tracked(await Cluster.start({ members: 1, flags: ['--max-txn-ops=7'], authTokenTtl: 1 }));
    expect(cluster.hosts).to.have.length(1);
  });

  it('leaves no process and no folder behind', async () => {
    const cluster = closedBySpec(await Cluster.start({ members: 1 }));
    const { pid, folder } = cluster.members[0] ?? {};
    await cluster.stop();
    await cluster.stop();
    expect(isRunning(pid)).to.equal(false);
    expect(existsSync(folder ?? '')).to.equal(false);
  });

  it('ends with the process that started it, even when that is killed', async () => {
    const other = await runElsewhere(scratch());
    other.child.kill('SIGKILL');
    await until(() => !isRunning(other.pid) && !existsSync(other.folder), { what: 'the watchdog to clean up' });
  });

  it('is swept by the next run when nothing else could clean up', async () => {
    const root = scratch();
    const other = await runElsewhere(root, 'without-watchdog');
    other.child.kill('SIGKILL');
    await once(other.child, 'exit');
    expect(isRunning(other.pid)).to.equal(true);
    sweep([root]);
    await until(() => !isRunning(other.pid), { what: 'the member to end' });
    expect(existsSync(other.folder)).to.equal(false);
  });

  it('is not swept while it is in use', async () => {
    const cluster = tracked(await Cluster.start({ members: 1 }));
    const mine = createFolder('cluster');
    tracked({ close: () => rmSync(mine, { recursive: true }) });
    sweep();
    expect(existsSync(mine)).to.equal(true);
    expect(cluster.members[0]?.alive).to.equal(true);
  });
});
