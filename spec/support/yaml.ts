import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ROOT } from './docs/pages.js';

/** What a YAML file holds, as far as a path through the file finds something. */
export class Yaml {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  /** `at('spec', 'replicas')`, `at('containers', 0)`. What is not there has the value undefined. */
  at(...path: readonly (string | number)[]): Yaml {
    let value = this.value;
    for (const step of path) {
      value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
    }
    return new Yaml(value);
  }

  get items(): Yaml[] {
    return Array.isArray(this.value) ? this.value.map((item: unknown) => new Yaml(item)) : [];
  }

  get entries(): [string, Yaml][] {
    const { value } = this;
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).map(([key, entry]: [string, unknown]) => [key, new Yaml(entry)]);
  }

  get text(): string {
    return String(this.value);
  }

  get number(): number {
    return Number(this.value);
  }
}

/** Every document of a file. A mistake in the file throws, and so does what the parser only warns of. */
export function readYaml(file: string): Yaml[] {
  const documents = parseAllDocuments(readFileSync(join(ROOT, file), 'utf8'), { strict: true, uniqueKeys: true });
  if (!Array.isArray(documents)) throw new Error(`${file} is empty`);
  return documents.map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw new Error(`${file}: ${problem.message}`);
    return new Yaml(document.toJS());
  });
}
