import { findEtcd } from '../../spec/support/cluster/etcd-server.js';
import { fits } from '../../spec/support/cluster/release.js';
import { ensureLine, LINES, programOf, type ReleaseLine } from '../../spec/support/cluster/releases.js';
import { ColumnStep } from '../matrix/column-step.js';
import { MATRIX_COLUMNS } from '../matrix/columns.js';
import { mocha } from './mocha.js';
import type { Stage } from './stage.js';
import type { Step } from './step.js';

/** The line on which the steps after {@link fetchReleases} run; undefined: on what is found first. */
let chosen: ReleaseLine | undefined;

/**
 * Fetches the newest line that can be had, on which the steps after it run. The other lines come only if somebody has
 * asked for this step. What cannot be had is told.
 */
export async function fetchReleases(stage: Stage): Promise<boolean> {
  const reason = whyOnlyOne();
  if (reason !== undefined) {
    stage.leaveOut(reason);
    return !stage.isAskedFor;
  }
  for (const line of LINES.toReversed()) {
    if (chosen !== undefined && !stage.isAskedFor) break;
    const why = await ensureLine(line, (text) => stage.say(`   ${text}`));
    stage.say(`   ${why ?? `on this machine: etcd ${(await programOf(line)).version}`}`);
    if (why === undefined) chosen ??= line;
  }
  if (chosen !== undefined) process.env.ETCD_VERSION = chosen;
  return true;
}

/** Fetches a line if it is not here, and runs the short form of the matrix on it, unless all specs have run on it. */
export function onOtherRelease(line: ReleaseLine, how: Pick<Step, 'cores' | 'after'>): Step {
  const column = MATRIX_COLUMNS.find(({ of, version }) => of === 'etcd' && version === line);
  if (column === undefined) throw new Error(`the matrix has no column for etcd ${line}`);
  return {
    ...how,
    name: column.name,
    run: async (stage) => {
      const reason = whyOnlyOne() ?? (await whyCovered(line));
      if (reason === undefined) return await new ColumnStep(column, 'short').run(stage);
      stage.leaveOut(reason);
      return true;
    },
  };
}

/** Runs specs that need every release. */
export async function mochaOnAll(stage: Stage, ...specs: readonly string[]): Promise<boolean> {
  let reason = whyOnlyOne();
  for (const line of LINES) reason ??= await ensureLine(line, (text) => stage.say(`   ${text}`));
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

async function whyCovered(line: ReleaseLine): Promise<string | undefined> {
  const server = await findEtcd();
  const isCovered = server?.kind === 'program' && fits(server.version, line);
  return isCovered ? `all specs have run on etcd ${server.version}` : undefined;
}
