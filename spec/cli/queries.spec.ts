import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { createClient, Election } from '../../lib/index.js';
import { CliProgram } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Seconds: a busy machine does not use them up. */
const TTL = 60;

describe('what etcd-leader shows of elections', () => {
  const cluster = sharedCluster();
  let name: string;
  let client: Etcd3;

  beforeEach(() => {
    name = uniqueName('cli/queries');
    client = tracked(createClient({ hosts: [...cluster().hosts] }));
  });

  const ask = (...args: readonly string[]): CliProgram => CliProgram.start(args, { hosts: cluster().hosts });

  const candidate = (value: string, election = name): Election =>
    tracked(new Election(tracked(createClient({ hosts: [...cluster().hosts] })), election, { value, ttl: TTL }));

  const queue = async (...values: readonly string[]): Promise<Election[]> => {
    const elections: Election[] = [];
    for (const value of values) {
      const election = candidate(value).start();
      elections.push(election);
      await until(async () => (await election.candidates()).length === elections.length, { what: `${value} to queue` });
    }
    return elections;
  };

  describe('candidates', () => {
    it('are a table, the leader first', async () => {
      const [first] = await queue('first', 'second');
      const program = ask('candidates', name);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
      const [head, ...rows] = program.stdout.all;
      expect(head).to.match(/^POSITION +VALUE +KEY +TOKEN +LEASE TTL LEFT$/);
      expect(rows.map((row) => row.split(/ {2,}/).slice(0, 2))).to.deep.equal([
        ['1', 'first'],
        ['2', 'second'],
      ]);
      expect(rows[0])
        .to.include(first?.leadership?.key)
        .and.to.match(/ \d+ s$/);
    });

    it('are one JSON array with --json', async () => {
      const [first] = await queue('first', 'second');
      const program = ask('candidates', name, '--json');
      await program.exited();
      const candidates = JSON.parse(program.stdout.text);
      expect(candidates).to.have.lengthOf(2);
      const { ttl, ...rest } = candidates[0];
      const { key, fencingToken, leaseId } = first?.leadership ?? {};
      const shown = {
        position: 1,
        value: 'first',
        key,
        token: String(fencingToken),
        leaseId,
        blocks: false,
        isOurs: true,
      };
      expect(rest).to.deep.equal(shown);
      expect(ttl).to.be.within(0, TTL);
    });

    it('are none in an election that nobody takes part in', async () => {
      const text = ask('candidates', name);
      const json = ask('candidates', name, '--json');
      expect([await text.exited(), await json.exited()]).to.deep.equal([{ code: 0 }, { code: 0 }]);
      expect([text.stdout.text, json.stdout.text]).to.deep.equal(['no candidates', '[]']);
    });

    it('show a value that would move the cursor as what it is', async () => {
      await queue('\u001b[2Jfirst\nsecond');
      const program = ask('candidates', name);
      await program.exited();
      expect(program.stdout.text).to.include('\\u001b[2Jfirst\\u000asecond');
    });

    it('say of a key without a lease that it stays', async () => {
      await client.put(`${name}/by-hand`).value('immortal');
      const program = ask('candidates', name);
      await program.exited();
      expect(program.stdout.text).to.match(/immortal .*no lease: no candidate, blocks the queue$/);
      await client.delete().key(`${name}/by-hand`);
    });
  });

  it('list shows the elections below a prefix, nested ones too, and who leads them', async () => {
    await client.put(`${name}/config`).value('no candidate');
    await candidate('a', `${name}/x`).start().elected();
    const waits = candidate('b', `${name}/x`).start();
    await until(async () => (await waits.candidates()).length === 2, { what: 'b to queue' });
    await candidate('c', `${name}/x/nested`).start().elected();

    const text = ask('list', `${name}/`);
    const json = ask('list', `${name}/`, '--json');
    await Promise.all([text.exited(), json.exited()]);

    expect(text.stdout.all.map((line) => line.split(/ {2,}/))).to.have.deep.members([
      ['ELECTION', 'LEADER', 'TOKEN', 'CANDIDATES'],
      [`${name}/x`, 'a', text.stdout.all[1]?.split(/ {2,}/)[2], '2'],
      [`${name}/x/nested`, 'c', text.stdout.all[2]?.split(/ {2,}/)[2], '1'],
    ]);
    const elections = JSON.parse(json.stdout.text);
    expect(elections.map((e: { election: string }) => e.election)).to.deep.equal([`${name}/x`, `${name}/x/nested`]);
    expect(elections[0].leader).to.have.all.keys('value', 'key', 'token', 'leaseId');
    expect(elections[0].blockedBy).to.equal(null);
    await client.delete().key(`${name}/config`);
  });

  describe('observe', () => {
    it('prints a line for each change, as it happens', async () => {
      const program = ask('observe', name);
      await program.stdout.line(/nobody leads$/);
      const [first] = await queue('first', 'second');
      await program.stdout.line(/ first leads {2}token \d+ {2}key /);
      await first?.stop();
      await program.stdout.line(/ second leads/);
      program.kill('SIGINT');
      expect(await program.exited(), program.stderr.text).to.deep.equal({ signal: 'SIGINT' });
      expect(program.stdout.all.map((line) => line.split(/ {2}/)[1])).to.deep.equal([
        'nobody leads',
        'first leads',
        'second leads',
      ]);
    });

    it('prints a JSON object for each change with --json', async () => {
      const [first] = await queue('first');
      const program = ask('observe', name, '--json');
      await program.stdout.line(/first/);
      const { key, fencingToken, leaseId } = first?.leadership ?? {};
      await first?.stop();
      await program.stdout.line(/null/);
      const changes = program.stdout.all.map((line) => JSON.parse(line));
      expect(
        changes.map(({ time, ...change }) => ({ ...change, time: !Number.isNaN(Date.parse(time)) })),
      ).to.deep.equal([
        { election: name, leader: { value: 'first', key, token: String(fencingToken), leaseId }, time: true },
        { election: name, leader: null, time: true },
      ]);
    });
  });

  describe('step-down', () => {
    it('asks the leader, which goes to the end of the queue, and says who leads and after how long', async () => {
      const [first, second] = await queue('first', 'second');
      const reasons: string[] = [];
      first?.on('unelected', (_, { code, message }) => reasons.push(`${code} ${message}`));
      const program = ask('step-down', name, '--yes');
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
      expect(program.stdout.text).to.match(
        /^first \(token \d+\) has stepped down; second \(token \d+\) leads now, after \d+\.\d\d s$/,
      );
      await second?.elected();
      await until(async () => (await second?.candidates())?.map((c) => c.value).join() === 'second,first', {
        what: 'first to queue again',
      });
      expect(reasons).to.have.lengthOf(1);
      expect(reasons[0]).to.match(/^STEPPED_DOWN etcd-leader step-down on .+ has asked the leader to step down/);
      expect((await client.getAll().prefix(`${name}!`).keys()).length).to.equal(0);
    });

    it('lets the candidate lead that --to names, before those between', async () => {
      const [, , third] = await queue('first', 'second', 'third');
      const program = ask('step-down', name, '--to', 'third', '--yes', '--json');
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
      const { election, steppedDown, leader, took } = JSON.parse(program.stdout.text);
      expect([election, steppedDown.value, leader.value, typeof took]).to.deep.equal([
        name,
        'first',
        'third',
        'number',
      ]);
      expect((await third?.elected())?.fencingToken).to.equal(BigInt(leader.token));
      const again = ask('step-down', name, '--to', 'third', '--yes');
      expect(await again.exited(), again.stderr.text).to.deep.equal({ code: 0 });
      expect(again.stdout.text).to.match(/^third \(token \d+\) leads already$/);
    });

    it('exits with 1 when nobody announces what --to says, and with 2 when --force is said too', async () => {
      const [first] = await queue('first');
      const [nobody, both] = [
        ask('step-down', name, '--to', 'x', '--yes'),
        ask('step-down', name, '--to', 'x', '--yes', '--force'),
      ];
      expect([await nobody.exited(), await both.exited()]).to.deep.equal([{ code: 1 }, { code: 2 }]);
      expect(nobody.stderr.text).to.equal('etcd-leader: nobody in the queue announces x: nothing done');
      expect(first?.isLeader()).to.equal(true);
    });

    it('exits with 4 when the leader does not answer within 2 s, and --force deletes its key', async () => {
      const deaf = tracked(
        new Election(tracked(createClient({ hosts: [...cluster().hosts] })), name, {
          value: 'deaf',
          ttl: TTL,
          steerable: false,
        }),
      );
      await deaf.start().elected();
      const reasons: string[] = [];
      deaf.on('unelected', (_, { code }) => reasons.push(code));
      const polite = ask('step-down', name, '--yes');
      expect(await polite.exited(), polite.stderr.text).to.deep.equal({ code: 4 });
      expect(polite.stderr.text).to.match(/^etcd-leader: deaf \(token \d+\) has not answered: nothing done\. --force /);
      expect(deaf.isLeader()).to.equal(true);
      const forced = ask('step-down', name, '--yes', '--force');
      expect(await forced.exited(), forced.stderr.text).to.deep.equal({ code: 0 });
      await until(() => reasons.length > 0, { what: 'the leader to notice' });
      expect(reasons).to.deep.equal(['KEY_DELETED']);
    });

    it('refuses without a terminal and without --yes', async () => {
      const [first] = await queue('first');
      const program = ask('step-down', name);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 2 });
      expect(program.stderr.text).to.include('say --yes');
      expect(first?.isLeader()).to.equal(true);
    });

    it('exits with 3 when nobody leads', async () => {
      const program = ask('step-down', name, '--yes');
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 3 });
      expect(program.stderr.text).to.equal(`etcd-leader: nobody leads ${name}`);
    });

    for (const [answer, steppedDown] of [
      ['y', true],
      ['n', false],
      ['', false],
    ] as const) {
      it(`asks on a terminal, and does ${steppedDown ? 'it' : 'nothing'} after "${answer}"`, async () => {
        const [first] = await queue('first');
        const token = (await first?.elected())?.fencingToken;
        const program = CliProgram.onTerminal(['step-down', name], { hosts: cluster().hosts });
        await program.stdout.line(new RegExp(`leads ${name}\\. Make it step down\\? \\[y/N\\]`));
        program.type(`${answer}\n`);
        expect(await program.exited(), program.stderr.text).to.deep.equal({ code: steppedDown ? 0 : 1 });
        await first?.elected();
        expect(first?.leadership?.fencingToken !== token).to.equal(steppedDown);
      });
    }
  });
});
