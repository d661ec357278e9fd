import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { keptFolder } from '../../spec/support/cluster/kept.js';
import { runCommand } from '../../spec/support/cluster/run.js';
import type { Stage } from './stage.js';
import { root } from './tool.js';

const RELEASE = '1.7.12';
const MODULE = `github.com/rhysd/actionlint/cmd/actionlint@v${RELEASE}`;
/** Milliseconds, on two cores that others use too. */
const BUILDS_WITHIN = 10 * 60_000;

/**
 * Checks the workflows with actionlint: keys, types of expressions, inputs of actions, names of runners and jobs. Go
 * builds it once, and it is kept beside the releases of etcd.
 */
export async function lintWorkflows(stage: Stage): Promise<boolean> {
  const program = join(keptFolder(), `actionlint-${RELEASE}`);
  const reason = existsSync(program) ? undefined : await build(program);
  if (reason !== undefined) {
    stage.leaveOut(`actionlint: ${reason}`);
    return !stage.isAskedFor;
  }
  // Without the linters that a machine may have for the scripts in the workflows: every machine finds the same.
  const { ok, output } = await runCommand(program, ['-oneline', '-shellcheck=', '-pyflakes='], { cwd: root });
  stage.say(output === '' ? `   actionlint ${RELEASE} finds nothing` : output);
  return ok;
}

/** Resolves with why there is no program, or with undefined. */
async function build(program: string): Promise<string | undefined> {
  if (!(await runCommand('go', ['version'])).ok) return 'no go here';
  mkdirSync(keptFolder(), { recursive: true });
  const fresh = mkdtempSync(join(keptFolder(), 'new-'));
  try {
    const env = { ...process.env, GOBIN: fresh, GOFLAGS: '', CGO_ENABLED: '0', GOWORK: 'off' };
    const { ok, output } = await runCommand('nice', ['-n', '10', 'go', 'install', MODULE], {
      cwd: fresh,
      env,
      within: BUILDS_WITHIN,
    });
    if (!ok) return `go install failed: ${output.split('\n').at(-1)}`;
    if (!existsSync(program)) renameSync(join(fresh, 'actionlint'), program);
    return undefined;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
