import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { stopProcess } from './support/stop-process.js';

describe('stopping a process', () => {
  it('returns when every thread of it stands still', async () => {
    const busy = 'for (;;) Math.random()';
    const program = `for (let i = 0; i < 4; i++) new (require("worker_threads").Worker)("${busy}", { eval: true });
      setTimeout(() => console.log("busy"), 300)`;
    const child = spawn(process.execPath, ['--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      expect(stopProcess(child)).to.equal(true);
      if (process.platform !== 'linux') return;
      expect(readFileSync(`/proc/${child.pid}/stat`, 'latin1')).to.match(/\) T /);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is false for a process that is gone', async () => {
    const child = spawn(process.execPath, ['--eval', '']);
    await once(child, 'exit');
    expect(stopProcess(child)).to.equal(false);
    expect(stopProcess(undefined)).to.equal(false);
  });
});
