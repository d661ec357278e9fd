import { describeServer, type EtcdServer, findEtcd } from '../../spec/support/cluster/etcd-server.js';
import { ensureEtcd } from '../../spec/support/cluster/install.js';
import { MOCHA, REPORTER } from '../test/mocha.js';
import type { Stage } from '../test/stage.js';
import type { Step } from '../test/step.js';
import { THIS_NODE } from '../test/tool.js';
import { ETCD_RELEASES, type Form, type MatrixColumn } from './columns.js';
import { ensureRuntime, type FoundRuntime } from './runtimes.js';

/** What a column needs. */
interface Found {
  readonly server: EtcdServer & { readonly kind: 'program' };
  readonly runtime: FoundRuntime;
  readonly env: NodeJS.ProcessEnv;
}

/** What a column ran on, as it turned out. */
export interface Pair {
  readonly etcd: string;
  readonly runtime: string;
}

/** One column of the matrix as a step of a run. */
export class ColumnStep implements Step {
  readonly column: MatrixColumn;
  readonly form: Form;
  readonly name: string;
  /** Undefined until the column was run. */
  pair: Pair | undefined;
  readonly #fetches: boolean;

  /** @param fetches false: a release of etcd that is not on this machine is left out. @default true */
  constructor(column: MatrixColumn, form: Form, fetches = true) {
    this.column = column;
    this.form = column.specs.short === column.specs.whole ? 'short' : form;
    this.#fetches = fetches;
    this.name = column.name;
  }

  async run(stage: Stage): Promise<boolean> {
    const say = (line: string): void => stage.say(`   ${line}`);
    const found = await this.#find(say);
    if (typeof found === 'string') {
      stage.leaveOut(found);
      return true;
    }
    const { server, runtime, env } = found;
    for (const line of await describeServer(server)) say(line);
    if (this.column.of !== 'etcd') say(this.pair?.runtime ?? '');
    return await stage.toolOn(
      { env, runtime },
      MOCHA,
      ...REPORTER,
      ...this.column.specs[this.form],
      ...stage.mochaArgs,
    );
  }

  /** Finds or fetches what the column needs. Resolves with why that cannot be had. */
  async #find(say: (line: string) => void): Promise<Found | string> {
    const { of, version } = this.column;
    const env = environment(of === 'etcd' ? version : undefined);
    const runtime = of === 'etcd' ? thisNode() : await ensureRuntime(this.column, say);
    if (typeof runtime === 'string') return runtime;
    let server: EtcdServer | undefined;
    try {
      server = await (of === 'etcd' && this.#fetches ? ensureEtcd(say, env) : findEtcd(env));
    } catch (err) {
      return err instanceof Error ? err.message : String(err);
    }
    if (server === undefined) return 'it is not on this machine';
    if (server.kind !== 'program') return 'its specs start clusters, and there is no etcd program to do so';
    const isOfAnotherColumn = ETCD_RELEASES.some((release) => release !== version && release === server.version);
    if (of === 'etcd' && isOfAnotherColumn) return `the newest at hand is ${server.version}, which is another column`;
    const name = of === 'etcd' ? 'Node.js' : of;
    this.pair = { etcd: server.version, runtime: `${name} ${runtime.version}` };
    return { server, runtime, env };
  }
}

function thisNode(): FoundRuntime {
  return { ...THIS_NODE, version: process.versions.node };
}

/** With a release, nothing else may say which etcd it is. Coverage is measured on one release and one runtime. */
function environment(release: string | undefined): NodeJS.ProcessEnv {
  const { NODE_V8_COVERAGE: _coverage, ...env } = process.env;
  if (release === undefined) return { ...env, DENO_NO_UPDATE_CHECK: '1' };
  const { ETCD_BIN: _bin, ETCD_ENDPOINTS: _endpoints, ...rest } = env;
  return { ...rest, ETCD_VERSION: release };
}
