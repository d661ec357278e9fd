import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CliProgram } from '../support/cli/program.js';
import { runCommand } from '../support/cluster/run.js';
import { ROOT, readPage } from '../support/docs/pages.js';
import { commandsIn, type Fence, fencesIn, type TypedCommand } from '../support/docs/snippets.js';
import { sampleOf, scrape } from '../support/prometheus.js';
import { PageReader } from '../support/reader/reader.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { until } from '../support/wait.js';

/** ms for what takes a second or two on a machine that has nothing else to do. */
const LONG = 40_000;

const ENDED = { code: 0 };

const fences = fencesIn('README.md');

const [election, lock, pool] = fences as [Fence, Fence, Fence];

/** What stands under a heading, in fences with that mark. */
function under(heading: string, mark: string): readonly Fence[] {
  const found = fences.filter((fence) => fence.heading === heading && fence.mark === mark);
  if (found.length === 0) throw new Error(`the README has nothing marked "${mark}" under "${heading}"`);
  return found;
}

/** The first of two that prints such a line, and the other. */
async function firstToSay(
  pattern: RegExp,
  ...programs: readonly [CliProgram, CliProgram]
): Promise<[CliProgram, CliProgram]> {
  const [one, other] = programs;
  const says = (program: CliProgram): boolean => program.stdout.count(pattern) > 0;
  const first = await until(() => programs.find(says), { within: LONG, what: `one of two to say ${pattern}` });
  return first === one ? [one, other] : [other, one];
}

/** What was shown comes out, whatever numbers, keys and times it shows. */
async function answers(program: CliProgram, { output }: TypedCommand): Promise<void> {
  for (const line of output) {
    const shown = (): boolean =>
      [...program.stdout.all, ...program.stderr.all].some((one) => shape(one) === shape(line));
    const got = (): string => JSON.stringify([program.stdout.all, program.stderr.all]);
    await until(shown, { within: LONG, what: `a line like "${line}"` }).catch((err: unknown) => {
      throw new Error(`${(err as Error).message}; there are ${got()}`);
    });
  }
}

function shape(line: string): string {
  return line
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\b[0-9a-f]{12,16}\b/g, '<id>')
    .replace(/(?<![\w-])\d+\b/g, '<number>')
    .replace(/ +/g, ' ')
    .trim();
}

describe('the README', () => {
  const cluster = sharedCluster();
  let reader: PageReader;

  before(async () => {
    reader = await PageReader.at(cluster().hosts);
  });

  it('has no snippet and no command but those that are run here', () => {
    expect(fences.map(({ heading, mark }) => `${heading}: ${mark}`)).to.deep.equal([
      'etcd-leader: ts', // an election
      'etcd-leader: ts', // a lock
      'etcd-leader: ts', // a pool
      'Install: ',
      'Try it: ',
      'In a service: ts',
      'Command line: console',
      'Command line: console',
      'Metrics: ts',
      'Testing your application: ts',
    ]);
  });

  it('begins with a program that, started twice, hands over when the first one is ended', async () => {
    const [first, second] = await firstToSay(/^work starts/, reader.start(election), reader.start(election));
    expect(second.stdout.count(/^work starts/)).to.equal(0);
    await second.stdout.line(/^leader is now \S+/, LONG);

    first.kill('SIGTERM');
    await second.stdout.line(/^work starts/, LONG);
    expect(await first.exited(LONG), first.stderr.text).to.deep.equal(ENDED);
    expect(first.stdout.all).to.include('work ends: STOPPED');
    expect(tokenOf(second)).to.be.greaterThan(tokenOf(first));
    second.kill('SIGTERM');
    expect(await second.exited(LONG), second.stderr.text).to.deep.equal(ENDED);
  });

  it('says how to install the package', () => {
    const { name } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly name: string };
    // The reader's project was made so, with the tarball in the place of the name.
    expect(under('Install', '').map(({ code }) => code.trim())).to.deep.equal([`npm install ${name}`]);
  });

  it('has a complete service that, started twice, goes on in the second when the first one is killed', async () => {
    const program = under('In a service', 'ts');
    const [first, second] = await firstToSay(/^working/, reader.start(...program), reader.start(...program));
    await until(() => first.stdout.count(/^working/) > 1, { within: LONG, what: 'more work' });
    expect(second.stdout.count(/^working/)).to.equal(0);

    first.kill('SIGKILL');
    await second.stdout.line(/^working/, LONG);
    expect(tokenOf(second)).to.be.greaterThan(tokenOf(first));
    second.kill('SIGTERM');
    expect(await second.exited(LONG), second.stderr.text).to.deep.equal(ENDED);
  });

  it('has a lock that, in a program that is started twice, is held by one after the other', async () => {
    const programs = [reader.start(lock), reader.start(lock)];
    for (const one of programs) expect(await one.exited(LONG), one.stderr.text).to.deep.equal(ENDED);
    const tokens = programs.map(tokenOf);
    expect(tokens.filter((token) => token > 0)).to.have.length(2);
    expect(tokens[0]).to.not.equal(tokens[1]);
  });

  it('has a pool whose second worker takes its share, and everything when the first one is ended', async () => {
    const works = (one: CliProgram): number => new Set(one.stdout.all.filter((line) => /^works on/.test(line))).size;
    const first = reader.start(pool);
    await until(() => works(first) === 8, { within: LONG, what: 'the first worker to own all' });
    const second = reader.start(pool);
    await until(() => works(second) === 4, { within: LONG, what: 'the second worker to own half of them' });
    first.kill('SIGTERM');
    expect(await first.exited(LONG), first.stderr.text).to.deep.equal(ENDED);
    await until(() => works(second) === 8, { within: LONG, what: 'the second worker to own all' });
    second.kill('SIGTERM');
    expect(await second.exited(LONG), second.stderr.text).to.deep.equal(ENDED);
  });

  describe('shows a command line that', () => {
    const [commands = [], others = []] = under('Command line', 'console').map(commandsIn);
    const [first, ...rest] = commands;
    const [observe, candidates] = others;
    const text = readPage('README.md');

    it('has a command to be run in two terminals, and two commands that look on', () => {
      expect(rest).to.deep.equal([]);
      expect(others.map(({ command }) => command.split(' ')[1])).to.deep.equal(['observe', 'candidates']);
      expect(first?.command).to.match(/^etcd-leader run .*--value web-1 /);
    });

    it('hands over at once after Ctrl-C and after a kill, as those see who look on', async () => {
      if (first === undefined || observe === undefined || candidates === undefined) throw new Error('no commands');
      const start = (value: string): CliProgram => reader.type(first.command.replace('web-1', value));
      const works = /^token \d+$/;

      const one = start('web-1');
      await answers(one, first);
      const watching = reader.type(observe.command);
      await watching.stdout.line(/web-1 leads/, LONG);
      const two = start('web-2');
      await queueOf(2);
      one.kill('SIGINT');
      await two.stdout.line(works, LONG);
      await answers(watching, observe);
      await one.exited(LONG);
      const looking = reader.type(candidates.command);
      expect(await looking.exited(LONG), looking.stderr.text).to.deep.equal(ENDED);
      await answers(looking, candidates);

      const again = start('web-1');
      await queueOf(2);
      two.kill('SIGINT');
      await again.stdout.line(works, LONG);
      await two.exited(LONG);
      const last = start('web-2');
      await queueOf(2);
      const [, kill = ''] = /`(pkill [^`]+)`/.exec(text) ?? [];
      const killing = reader.type(kill);
      expect(await killing.exited(LONG), killing.stderr.text).to.deep.equal(ENDED);
      expect(await again.exited(LONG)).to.deep.equal({ signal: 'SIGKILL' });
      await last.stdout.line(works, LONG);

      const listing = reader.type('etcd-leader list');
      expect(await listing.exited(LONG), listing.stderr.text).to.deep.equal(ENDED);
      expect(listing.stdout.text).to.match(/\bweb-2\b/);
      last.kill('SIGINT');
      await last.exited(LONG);

      /** Waits until so many are in the queue, as the README's own command tells. */
      async function queueOf(length: number): Promise<void> {
        const isLong = async (): Promise<boolean> => {
          const asked = reader.type(candidates?.command ?? '');
          await asked.exited(LONG);
          return asked.stdout.count(/\bweb-\d\b/) === length;
        };
        await until(isLong, { within: LONG, what: `${length} candidates` });
      }
    }).timeout(180_000);

    it('is there in a clone as `npx etcd-leader`', async () => {
      expect(text).to.include('`npx etcd-leader`');
      const { ok, output } = await runCommand('npx', ['etcd-leader', '--version'], { cwd: ROOT });
      expect(ok, output).to.equal(true);
      expect(output).to.match(/^\d+\.\d+\.\d+/);
    });
  });

  it('has a metrics server that Prometheus 3 can scrape, and that does not keep the process alive', async () => {
    const service = reader.start(election, ...under('Metrics', 'ts'));
    await service.stdout.line(/^work starts/, LONG);
    const metrics = await until(() => scrape(reader.metricsUrl), { within: LONG, what: 'a scrape' });
    expect(sampleOf(metrics, 'etcd_leader_is_leader', 'jobs/mail')).to.equal(1);
    service.kill('SIGTERM');
    expect(await service.exited(LONG), service.stderr.text).to.deep.equal(ENDED);
  });

  it('has a test that needs no etcd, and runs to its end by itself', async () => {
    const test = reader.start(...under('Testing your application', 'ts'));
    expect(await test.exited(LONG), test.stderr.text).to.deep.equal(ENDED);
    expect(test.stdout.all).to.include.members(['work ends: LEASE_EXPIRED']);
  });
});

function tokenOf(program: CliProgram): number {
  return Number(program.stdout.all.join('\n').match(/token (\d+)/)?.[1]);
}
