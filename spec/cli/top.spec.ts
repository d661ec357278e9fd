import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { stringWidth } from '../../lib/cli/top/ink.js';
import { openClient } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { Screen, type ScreenSize } from '../support/cli/screen.js';
import { scratch } from '../support/package/tarball.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const ESC = '\u001b';
const CTRL_C = '\u0003';
const USUAL: ScreenSize = { columns: 80, rows: 24 };

describe('etcd-leader top', () => {
  const cluster = sharedCluster();
  let etcd: Etcd3;
  let folder: string;

  beforeEach(() => {
    etcd = openClient(cluster().hosts);
    folder = uniqueName('top');
  });

  /** Writes candidates' keys, each on a lease of its own; resolves with what deletes them. */
  const join = async (name: string, ...values: readonly string[]): Promise<(() => Promise<unknown>)[]> => {
    const leave: (() => Promise<unknown>)[] = [];
    for (const value of values) {
      const lease = etcd.lease(600, { autoKeepAlive: false });
      const id = await lease.grant();
      await etcd
        .put(`${folder}/${name}/${BigInt(id).toString(16)}`)
        .lease(id)
        .value(value);
      leave.push(async () => await etcd.delete().key(`${folder}/${name}/${BigInt(id).toString(16)}`));
    }
    return leave;
  };
  const open = (size = USUAL, hosts: readonly string[] = cluster().hosts): Screen =>
    Screen.start(['top', folder], size, { hosts });
  const ends = async (screen: Screen, how: string): Promise<void> => {
    await screen.shows(new RegExp(`ended: ${how}`));
    expect([screen.isAlternate, screen.wraps]).to.deep.equal([false, true]);
    const { raw } = screen.program.stdout;
    expect(raw.lastIndexOf(`${ESC}[?25h`)).to.be.greaterThan(raw.lastIndexOf(`${ESC}[?25l`)); // there is a cursor again
  };

  it('shows who leads, who waits and since when, and changes as they come', async () => {
    const [leave] = await join('mail', 'one', 'two');
    const screen = open();
    await screen.shows(/NAME.*LEADER.*TOKEN.*SINCE.*QUEUE.*CHG/);
    await screen.shows(/mail +one +\d+ +>\d+s +2 /);
    await leave?.();
    await screen.shows(/mail +two +\d+ +\d+s +1 +1/);
    await join('other', 'three');
    await screen.shows(/other +three/);
    expect(screen.isAlternate).to.equal(true);
    screen.type('q');
    await ends(screen, '0');
  });

  it('sorts, filters, opens one and goes back', async () => {
    await join('a', 'größe');
    await join('b', 'y', 'z');
    const screen = open();
    await screen.shows(/\/b +y/);
    const names = async (): Promise<string[]> =>
      (await screen.lines()).flatMap((line) => /\/([ab]) /.exec(line)?.[1] ?? []);
    expect(await names()).to.deep.equal(['a', 'b']);
    screen.type('5');
    await screen.shows(/QUEUE▼/);
    await until(async () => (await names()).join() === 'b,a', { what: 'the longer queue to come first' });
    screen.type('/');
    screen.type('GRÖ');
    await screen.shows(/filter: GRÖ_/);
    await until(async () => (await names()).join() === 'a', { what: 'what matches to be shown alone' });
    screen.type('\r');
    await screen.shows(/filter: GRÖ$/);
    screen.type('\r');
    const lines = await screen.shows(/^QUEUE \(1\)/);
    expect(lines.join('\n')).to.match(/TERMS[\s\S]*leads +größe/);
    screen.type(ESC);
    await screen.shows(/filter: GRÖ$/);
    screen.type(ESC);
    await until(async () => (await names()).length === 2, { what: 'all to be shown again' });
    screen.type('q');
    await ends(screen, '0');
  });

  it('gives the terminal back on Ctrl-C, and ends as interrupted', async () => {
    const screen = open();
    await screen.shows(/no elections/);
    screen.type('r');
    await screen.shows(/NAME▲/); // before keys are read one by one, Ctrl-C would end the shell around it too
    screen.type(CTRL_C);
    await ends(screen, '130');
  });

  for (const [signal, code] of [
    ['SIGTERM', '143'],
    ['SIGHUP', '129'],
  ] as const) {
    it(`gives the terminal back on ${signal}`, async () => {
      const screen = open();
      await screen.shows(/no elections/);
      process.kill(pidOf('top', folder), signal);
      await ends(screen, code);
    });
  }

  for (const where of ['while it draws', 'anywhere else'] as const) {
    it(`gives the terminal back when an error is thrown ${where}, and shows the error there`, async () => {
      const signal = `${scratch('top')}/fail`;
      const screen = Screen.of(`${failingScreen(where, signal)}; code=$?; stty -a; (exit $code)`, USUAL);
      await screen.shows(/no elections/);
      expect(screen.isAlternate).to.equal(true);
      writeFileSync(signal, '');
      await ends(screen, '1');
      const { raw } = screen.program.stdout;
      const after = raw.slice(raw.lastIndexOf(`${ESC}[?1049l`));
      expect(after).to.include('the spec has thrown this');
      expect(after).to.match(/(?<!-)\bicanon\b[\s\S]*(?<!-)\becho\b/); // keys are read by lines, and are seen
    });
  }

  for (const size of [
    { columns: 0, rows: 0 },
    { columns: 20, rows: 5 },
    { columns: 200, rows: 60 },
  ]) {
    it(`fits a terminal of ${size.columns}x${size.rows}, and leaves alone what it remembers`, async () => {
      for (let n = 0; n < 8; n++) await join(`e${n}`, `value ${n}`);
      const screen = open(size);
      await screen.shows(/NAME/);
      const rows = async () => (await screen.lines()).filter((line) => /\/e\d +value/.test(line)).length;
      await until(async () => (await rows()) === (size.rows === 5 ? 1 : 8), { what: 'as many elections as fit' });
      expect((await screen.lines())[0]).to.match(/^etcd-leader top/);
      await until(async () => (await screen.lines()).length > 0, { what: 'a second to pass' });
      expect(screen.program.stdout.raw).to.not.include(`${ESC}[3J`);
      screen.type('q');
      await ends(screen, '0');
    });
  }

  it('follows the size of the terminal', async () => {
    await join('mail', 'one');
    const screen = open();
    await screen.shows(/LAST CHANGE|SINCE/);
    await screen.resize({ columns: 30, rows: 8 });
    await until(async () => !(await screen.lines()).some((line) => /SINCE/.test(line)), { what: 'columns to go' });
    const lines = await screen.shows(/mail +one/);
    expect(lines.filter((line) => /etcd-leader top/.test(line))).to.have.length(1);
    await screen.resize({ columns: 120, rows: 30 });
    await screen.shows(/SINCE.*LAST CHANGE/);
    screen.type('q');
    await ends(screen, '0');
  });

  it('shows wide characters in their columns, and lets no command reach the terminal', async () => {
    await join('漢字テスト', '指導者');
    await join('hostile', `${ESC}[2J${ESC}]0;title\u0007\u202eabc\u009b1m`);
    const screen = open({ columns: 200, rows: 24 });
    const lines = await screen.shows(/指導者/);
    const [wide, hostile] = [/漢字テスト/, /hostile/].map((name) => lines.find((line) => name.test(line)) ?? '');
    expect(hostile).to.include('\\u001b[2J\\u001b]0;title\\u0007\\u202eabc\\u009b1m');
    const column = (line = '', text = ''): number => stringWidth(line.slice(0, line.indexOf(text)));
    expect(column(wide, '指導者')).to.equal(column(hostile, '\\u001b'));
    screen.type('q');
    await ends(screen, '0');
  });

  it('says that etcd does not answer, and that it does again', async () => {
    await join('mail', 'one');
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const screen = open({ columns: 160, rows: 24 }, proxy.hosts);
    await screen.shows(/mail +one/);
    proxy.blackhole();
    await screen.shows(/may be out of date/, 60_000);
    await screen.shows(/mail +one/);
    proxy.restore();
    await screen.shows(/q: quit/, 60_000);
    await join('mail', 'two');
    await screen.shows(/mail +one +\d+ +>\S+( \S+)? +2 /);
    screen.type('q');
    await ends(screen, '0');
  });

  it('waits for an etcd that is away when it begins, says so, and shows everything once etcd answers', async () => {
    await join('mail', 'one');
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    proxy.blackhole();
    const screen = open({ columns: 160, rows: 24 }, proxy.hosts);
    const lines = await screen.shows(/etcd does not answer .*: still trying/);
    expect(lines[0]).to.match(/nothing is known yet$/);
    expect(lines.join('\n')).to.not.include('no elections');
    proxy.restore();
    await screen.shows(/mail +one/, 60_000);
    await screen.shows(/q: quit/);
    screen.type('q');
    await ends(screen, '0');
  });

  it('prints a line for every change where there is no terminal', async () => {
    const [leave, leaveToo] = await join('mail', 'one\u001b', 'two');
    const program = CliProgram.start(['top', folder], { hosts: cluster().hosts });
    await program.stdout.line(/\/mail {2}one\\u001b leads {2}token \d+ {2}queue 2$/);
    await leave?.();
    await program.stdout.line(/two leads {2}token \d+ {2}queue 1 {2}before: one\\u001b \(token \d+, unknown\)$/);
    await leaveToo?.();
    await program.stdout.line(/nobody leads {2}queue 0 {2}before: two /);
    program.kill('SIGTERM');
    await program.exited();
    expect(program.stdout.raw).to.not.include(ESC);
  });

  it('prints the same as JSON', async () => {
    await join('mail', 'one');
    const program = CliProgram.start(['top', folder, '--json'], { hosts: cluster().hosts });
    const line = await program.stdout.line(/^\{.*\}$/);
    const { election, leader, queue, blockedBy } = JSON.parse(line) as Record<string, never>;
    expect(election).to.equal(`${folder}/mail`);
    expect(leader).to.include({ value: 'one' });
    expect(queue).to.have.length(1);
    expect(blockedBy).to.equal(null);
    program.kill('SIGTERM');
    await program.exited();
  });
});

/** The command line of a program that shows the screen, and throws once there is the file `signal`. */
function failingScreen(where: 'while it draws' | 'anywhere else', signal: string): string {
  const screen = new URL('../../lib/cli/top/screen.js', import.meta.url).href;
  const text = `
    import { existsSync } from 'node:fs';
    import { showScreen } from ${JSON.stringify(screen)};
    const look = () => {
      if (existsSync(${JSON.stringify(signal)})) throw new Error('the spec has thrown this');
    };
    const picture = { revision: 0n, elections: [], pools: [] };
    const scene = () => {
      if (${where === 'while it draws'}) look();
      return { picture, isRead: true, prefix: '', now: Date.now(), outage: undefined };
    };
    if (${where === 'anywhere else'}) setInterval(look, 50);
    await showScreen({ scene, onChange: () => {} }, process);
  `;
  const module = `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`;
  return `${process.execPath} --input-type=module -e 'await import("${module}")'`;
}

/** The process that was started with these arguments. */
function pidOf(...args: readonly string[]): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[0] === process.execPath && args.every((arg) => words.includes(arg));
    } catch {
      return false; // it has ended meanwhile
    }
  });
  if (found === undefined) throw new Error(`no process has the arguments ${args.join(' ')}`);
  return Number(found);
}
