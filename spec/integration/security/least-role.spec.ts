import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import type { ElectionError, ElectionOptions } from '../../../lib/index.js';
import { atOnce } from '../../support/at-once.js';
import { candidate, joinInOrder, leading, queued } from '../../support/candidates.js';
import { CliProgram } from '../../support/cli/program.js';
import { type NameAndPassword, trackedClient } from '../../support/security/access.js';
import { refreshed } from '../../support/security/refreshes.js';
import { securedCluster } from '../../support/security/secured-cluster.js';
import { tell } from '../../support/story.js';
import { uniqueName } from '../../support/unique-name.js';
import { until } from '../../support/wait.js';
import { recordLog } from '../../support/world.js';

/** Seconds: refreshes come every 8 s. */
const TTL = 24;

describe('the role of docs/operations.md', () => {
  const secured = securedCluster({ members: 1 });

  interface Worker {
    readonly name: string;
    readonly client: Etcd3;
    readonly auth: NameAndPassword;
  }

  /** A user with a role of the same name for an election of the same name, with the grant on its own keys. */
  async function worker({ control }: { readonly control: boolean }): Promise<Worker> {
    const { access, hosts } = secured();
    const name = uniqueName('jobs/mail');
    const auth = await access.user(name, name);
    await access.allow(name, name);
    if (control) await access.allowControl(name, name);
    return { name, auth, client: trackedClient('createClient', { hosts, auth }) };
  }

  /** `etcd-leader` as a user of etcd. */
  async function cli({ username, password }: NameAndPassword, ...args: readonly string[]): Promise<CliProgram> {
    const { hosts } = secured();
    const program = CliProgram.start(['--user', username, '--password', password, ...args], { hosts });
    await program.exited();
    return program;
  }

  const join = ({ client, name }: Worker, value: string, options: ElectionOptions = {}) =>
    candidate(client, name, { value, ttl: TTL, ...options });

  /** Rejects when the request is carried out. */
  const refusalOf = (request: Promise<unknown>): Promise<ElectionError> =>
    request.then(
      () => expect.fail('it was carried out'),
      (err) => err,
    );

  it('lets a leader refresh its lease, and hand over, with the grant on control keys and without it', async () => {
    const test = async (its: Worker): Promise<void> => {
      const [a, b] = [join(its, 'a'), join(its, 'b')];
      const story = tell({ a, b }, ['elected', 'unelected', 'suspended', 'error']);
      await joinInOrder(a, b);
      await Promise.all([refreshed(a, 2), refreshed(b, 2)]);
      await a.stop();
      expect(await (await leading(b)).verify()).to.equal(true);
      expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
    };
    const [all, least] = [await worker({ control: true }), await worker({ control: false })];
    await atOnce({ 'with it': () => test(all), 'without it': () => test(least) });
  });

  it('lets `etcd-leader candidates` show how long leases live on, as `read` on the first range does', async () => {
    const its = await worker({ control: true });
    await joinInOrder(join(its, 'a'), join(its, 'b', { priority: 5 })); // b's lease has a control key too
    const { access } = secured();
    const onlooker = await access.user(`${its.name}-onlooker`, `${its.name}-onlooker`);
    await access.allow(`${its.name}-onlooker`, its.name, 'Read');
    for (const user of [its.auth, onlooker]) {
      const { stdout, stderr } = await cli(user, 'candidates', its.name);
      expect(stderr.text, user.username).to.equal('');
      const [head, ...rows] = stdout.text.split('\n');
      expect(head).to.match(/^POSITION +VALUE +KEY +TOKEN +LEASE TTL LEFT$/);
      expect(rows).to.have.length(2);
      for (const row of rows) {
        const [, left] = / (\d+) s$/.exec(row) ?? [];
        expect(Number(left), row).to.be.within(1, TTL);
      }
    }
  });

  it('is not needed to ask how long a lease lives on: any user of etcd may', async () => {
    const its = await worker({ control: false });
    const { leaseId } = await leading(join(its, 'a'));
    const { access, hosts } = secured();
    const other = await access.user(`${its.name}-other`, `${its.name}-other`); // its role allows nothing
    const client = trackedClient('createClient', { hosts, auth: other });
    const { TTL: left } = await client.leaseClient.leaseTimeToLive({ ID: BigInt(`0x${leaseId}`).toString() });
    expect(Number(left)).to.be.within(1, TTL);
  });

  it('lets leaders be asked, have priorities and record their history, with the grant on control keys', async () => {
    const its = await worker({ control: true });
    const logger = recordLog();
    const [a, b, best] = [1, 2, 3].map((n) =>
      join(its, `${n}`, { history: 100, logger, ...(n === 3 && { priority: 5 }) }),
    ) as [ReturnType<typeof join>, ReturnType<typeof join>, ReturnType<typeof join>];
    const story = tell({ a, b, best }, ['elected', 'unelected', 'error']);
    await joinInOrder(a, b, best);
    const { stdout } = await cli(its.auth, 'step-down', its.name, '--to', '2', '--yes');
    expect(stdout.text).to.match(/^1 \(token \d+\) has stepped down; 2 \(token \d+\) leads now/);
    await queued(a);
    await b.stop();
    await leading(best);
    expect(story).to.deep.equal([
      'a elected',
      'a unelected: STEPPED_DOWN',
      'b elected',
      'b unelected: STOPPED',
      'best elected',
    ]);
    const terms = async (): Promise<string> =>
      (await a.history()).map(({ value, why }) => `${value}: ${why ?? 'lasts'}`).join(', ');
    await until(async () => (await terms()) === '1: STEPPED_DOWN, 2: STOPPED, 3: lasts', { what: 'the history' });
    expect(logger.messages('warn')).to.deep.equal([]);
  });

  it('refuses asks, priorities and records without that grant: the log says so, and the leader leads on', async () => {
    const its = await worker({ control: false });
    const logger = recordLog();
    const [a, b] = [join(its, 'a', { history: 100, logger }), join(its, 'b', { history: 100, logger })];
    const story = tell({ a, b }, ['elected', 'unelected', 'error']);
    await joinInOrder(a, b);
    const unheard = 'the control keys may not be read: nobody can ask this leader';
    await until(() => logger.messages('info').includes(unheard), { what: 'the log to say that nobody can ask' });
    for (const request of [() => b.ask(), () => b.setPriority(5)]) {
      const { code, message } = await refusalOf(request());
      expect(code).to.equal('PERMISSION_DENIED');
      expect(message).to.match(/role with `readwrite`.* from `<name>!` to `<name>"`/);
    }
    await until(() => logger.messages('warn').length > 0, { what: 'the warning' });
    expect(logger.messages('warn')).to.deep.equal(['etcd refuses to record this term']);
    await b.setPriority(0).catch(() => {});
    await refreshed(a);
    expect(story.filter((line) => !line.endsWith('error: PERMISSION_DENIED'))).to.deep.equal(['a elected']);

    const best = join(its, 'c', { priority: 5 });
    const errors: string[] = [];
    best.on('error', ({ code }) => errors.push(code));
    best.start();
    await until(() => errors.length > 0, { what: 'the priority to be refused' });
    expect([errors[0], best.state]).to.deep.equal(['PERMISSION_DENIED', 'joining']);

    await a.stop();
    expect(await (await leading(b)).verify()).to.equal(true);
    const isTold = (): boolean => logger.messages('info').filter((text) => text === unheard).length === 2;
    await until(isTold, { what: 'the log to say of b too that nobody can ask it' });
  });
});
