/**
 * Chaos: real candidate processes on a real cluster, real faults, and a checker that reads what the processes wrote
 * down.
 *
 *     npm run chaos -- --minutes 5 --seed 7
 *
 * Exits with 0 only if every promise was kept, and enough has happened for that to mean something.
 */
import { rmSync } from 'node:fs';
import { describeServer, findEtcd } from '../support/cluster/etcd-server.js';
import { checkLogs } from './checker/check.js';
import { describeFindings } from './checker/report.js';
import { verdictOn } from './checker/verdict.js';
import { keepLogs, workFolder } from './folder.js';
import { CHAOS_USAGE, type ChaosOptions, parseChaosOptions } from './options.js';
import { runChaos } from './run.js';

const SHOWN = 20;

// On `exit` candidates and members are killed.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

let options: ChaosOptions;
try {
  options = parseChaosOptions(process.argv.slice(2));
} catch (err) {
  console.error(`${err instanceof Error ? err.message : String(err)}\n\n${CHAOS_USAGE}`);
  process.exit(2);
}
process.exit(await carryOut(options));

async function carryOut(chosen: ChaosOptions): Promise<number> {
  const { break: mistake, minutes, seed, faults, folder } = chosen;
  if (mistake !== undefined) {
    const args = [`--minutes=${minutes}`, `--seed=${seed}`];
    if (faults !== undefined) args.push(`--faults=${faults.join(',')}`);
    const { runBroken } = await import('./broken.js'); // loads the compiler, which other runs do not need
    return await runBroken(mistake, args, folder);
  }
  const failures = chosen.check === undefined ? await runAndCheck(chosen) : await judge(chosen.check, []);
  return failures === 0 ? 0 : 1;
}

async function runAndCheck(chosen: ChaosOptions): Promise<number> {
  const { minutes, seed, faults, upgrade } = chosen;
  const folder = workFolder(chosen.folder);
  const only = faults === undefined ? '' : ` --faults '${faults.join(',')}'`;
  const upgrading = upgrade ? ' --upgrade' : '';
  console.log(`chaos: npm run chaos -- --minutes ${minutes} --seed ${seed}${only}${upgrading}`);
  const server = upgrade ? undefined : await findEtcd();
  for (const line of server === undefined ? [] : await describeServer(server)) console.log(line);
  const startedAt = performance.now();
  const say = (line: string): void =>
    console.log(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${line}`);

  const failed = await judge(folder, await runChaos(chosen, folder, say));
  if (failed > 0) {
    const kept = chosen.folder ?? keepLogs(folder);
    console.log(`logs: ${kept}; check them again with: npm run chaos -- --check ${kept}`);
  } else if (chosen.folder === undefined) {
    rmSync(folder, { recursive: true, force: true });
  }
  return failed;
}

async function judge(folder: string, problems: readonly string[]): Promise<number> {
  const findings = await checkLogs(folder);
  const failures = [...problems, ...verdictOn(findings).map(({ message }) => message)];
  console.log(`\n${describeFindings(findings)}\n`);
  for (const failure of failures.slice(0, SHOWN)) console.log(`FAILED: ${failure}`);
  if (failures.length > SHOWN) console.log(`FAILED: and ${failures.length - SHOWN} more`);
  console.log(failures.length === 0 ? 'chaos: every promise was kept' : `chaos: ${failures.length} failures`);
  return failures.length;
}
