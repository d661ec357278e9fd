import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import { type Ending, root, runTool } from '../scripts/test/tool.js';
import { tracked } from './support/track.js';

/** Runs a program as a step runs a tool. */
async function runProgram(code: string, silence?: number): Promise<{ ending: Ending; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-spec-'));
  tracked({ close: () => rmSync(folder, { recursive: true }) });
  writeFileSync(join(folder, 'program.mjs'), code);
  const tool = relative(join(root, 'node_modules'), join(folder, 'program.mjs'));
  let output = '';
  const { NODE_V8_COVERAGE: _coverage, ...env } = process.env;
  const onOutput = (text: string): void => {
    output += text;
  };
  const ending = await runTool(tool, [], { env, onOutput, ...(silence !== undefined && { silence }) });
  return { ending, output };
}

describe('a tool that is run as a step', () => {
  it('is heard on both of its streams, and tells its exit code', async () => {
    const { ending, output } = await runProgram("console.log('one'); console.error('two'); process.exitCode = 3;");
    expect(ending).to.deep.equal({ code: 3, signal: null });
    expect(output.split('\n').sort()).to.deep.equal(['', 'one', 'two']);
  });

  it('tells the signal that has killed it', async () => {
    const { ending } = await runProgram("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);");
    expect(ending).to.deep.equal({ code: null, signal: 'SIGKILL' });
  });

  it('is ended when it is silent for too long', async () => {
    const { ending, output } = await runProgram("console.log('on its way'); setInterval(() => {}, 1000);", 2_000);
    expect(ending).to.deep.equal({ code: null, signal: 'SIGTERM', hungFor: 2_000 });
    expect(output).to.equal('on its way\n');
  });

  it('is not waited for when a process that it has left behind holds its output open', async () => {
    const { ending, output } = await runProgram(`
      import { spawn } from 'node:child_process';
      const left = spawn('sleep', ['30'], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
      console.log(left.pid);
      left.unref();
    `);
    expect(ending).to.deep.equal({ code: 0, signal: null });
    process.kill(Number(output));
  });
});
