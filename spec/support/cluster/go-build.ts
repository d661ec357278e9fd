import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepRelease } from './kept.js';
import { runCommand } from './run.js';

/** On two cores that others use too, with nothing built yet. */
const BUILDS_WITHIN = 30 * 60_000;
const SERVER = 'go.etcd.io/etcd/server/v3';
const CLIENT = 'go.etcd.io/etcd/etcdctl/v3';
const UTILITY = 'go.etcd.io/etcd/etcdutl/v3';

/** Programs that run what etcd's modules have for `main`; the utility is a program already. */
const PROGRAMS = {
  etcd: `package main\n\nimport (\n\t"os"\n\n\t"${SERVER}/etcdmain"\n)\n\nfunc main() { etcdmain.Main(os.Args) }\n`,
  etcdctl: `package main\n\nimport "${CLIENT}/ctlv3"\n\nfunc main() { ctlv3.MustStart() }\n`,
};

const BUILD = ['build', '-trimpath', '-ldflags=-s -w', '-o'];

/** Builds etcd from its Go modules, which there are since 3.5, without its sources. */
export async function buildWithGo(wanted: string, say: (line: string) => void): Promise<string | undefined> {
  if (!(await runCommand('go', ['version'])).ok) return 'no go here';
  const { ok, output } = await go('.', 'list', '-m', '-f', '{{.Version}}', `${SERVER}@v${wanted}`);
  const release = /^v(\d+\.\d+\.\d+)$/m.exec(output)?.[1];
  if (!ok || release === undefined) return `no such Go module: ${lastLine(output)}`;
  say(`etcd ${release}: building it with Go, which takes some minutes`);
  return await keepRelease(release, (folder) => build(release, folder));
}

async function build(release: string, folder: string): Promise<string | undefined> {
  const sources = join(folder, 'module');
  mkdirSync(sources);
  writeFileSync(join(sources, 'go.mod'), 'module etcd\n');
  for (const [name, text] of Object.entries(PROGRAMS)) {
    mkdirSync(join(sources, name));
    writeFileSync(join(sources, name, 'main.go'), text);
  }
  const steps = [
    ['get', ...[SERVER, CLIENT, UTILITY].map((module) => `${module}@v${release}`)],
    ...Object.keys(PROGRAMS).map((name) => [...BUILD, join(folder, name), `./${name}`]),
    [...BUILD, join(folder, 'etcdutl'), UTILITY],
  ];
  for (const step of steps) {
    const { ok, output } = await go(sources, ...step);
    if (!ok) return `go ${step[0]} failed: ${lastLine(output)}`;
  }
  rmSync(sources, { recursive: true });
  return undefined;
}

/** The build leaves the machine to whoever else works on it. */
function go(cwd: string, ...args: readonly string[]): ReturnType<typeof runCommand> {
  const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0', GOWORK: 'off' };
  return runCommand('nice', ['-n', '10', 'go', ...args], { cwd, env, within: BUILDS_WITHIN });
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? '';
}
