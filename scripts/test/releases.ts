import { findEtcd } from '../../spec/support/cluster/etcd-server.js';
import { fits } from '../../spec/support/cluster/release.js';
import { ensureLines, LINES, type Line, programOf } from '../../spec/support/cluster/releases.js';
import { ColumnStep } from '../matrix/column-step.js';
import { COLUMNS } from '../matrix/columns.js';
import { mocha } from './mocha.js';
import type { Stage } from './stage.js';
import type { Step } from './step.js';

/** The line on which the steps after {@link fetchReleases} run; undefined: on what is found first. */
let chosen: Line | undefined;

/** Fetches what is missing of all releases; the steps after it run on the newest. What cannot be had is told. */
export async function fetchReleases(stage: Stage): Promise<boolean> {
  const reason = whyOnlyOne();
  if (reason !== undefined) {
    stage.leaveOut(reason);
    return !stage.isAskedFor;
  }
  const reasons = await ensureLines((line) => stage.say(`   ${line}`));
  for (const why of reasons) stage.say(`   ${why}`);
  const found = await Promise.all(LINES.map((line) => programOf(line).catch(() => undefined)));
  stage.say(`   on this machine: etcd ${found.flatMap((program) => program?.version ?? []).join(', ')}`);
  chosen = LINES.findLast((_line, index) => found[index] !== undefined);
  if (chosen !== undefined) process.env.ETCD_VERSION = chosen;
  return true;
}

/** Runs the short form of the matrix on a release, unless all specs have run on it. */
export function onOtherRelease(line: Line, lane: Step['lane'] & string): Step {
  const column = COLUMNS.find(({ of, version }) => of === 'etcd' && version === line);
  if (column === undefined) throw new Error(`the matrix has no column for etcd ${line}`);
  return {
    name: column.name,
    lane,
    run: async (stage) => {
      const reason = whyOnlyOne() ?? (await whyCovered(line));
      if (reason === undefined) return await new ColumnStep(column, 'short', stage.isAskedFor).run(stage);
      stage.leaveOut(reason);
      return true;
    },
  };
}

/** Runs specs that need every release. */
export async function mochaOnAll(stage: Stage, ...specs: readonly string[]): Promise<boolean> {
  const reasons = stage.isAskedFor ? await ensureLines((line) => stage.say(`   ${line}`)) : [];
  const missing = await Promise.all(
    LINES.map((line) =>
      programOf(line).then(
        () => [],
        (err: Error) => [err.message],
      ),
    ),
  );
  const reason = whyOnlyOne() ?? reasons[0] ?? missing.flat()[0];
  if (reason === undefined) return await mocha(stage, ...specs);
  stage.leaveOut(reason);
  return !stage.isAskedFor;
}

/** Whoever says which etcd to use wants no other. */
function whyOnlyOne(): string | undefined {
  if (chosen !== undefined) return undefined;
  const name = ['ETCD_VERSION', 'ETCD_BIN', 'ETCD_ENDPOINTS'].find((variable) => process.env[variable]);
  return name === undefined ? undefined : `\`${name}\` says which etcd to use`;
}

async function whyCovered(line: Line): Promise<string | undefined> {
  const server = await findEtcd();
  const isCovered = server?.kind === 'program' && fits(server.version, line);
  return isCovered ? `all specs have run on etcd ${server.version}` : undefined;
}
