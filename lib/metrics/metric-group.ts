import type { Registry, RegistryContentType } from 'prom-client';
import { Sources } from '../recording/sources.js';

export type Register = Registry<RegistryContentType>;

/** What prom-client wants to know of every metric. */
export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly registers: Register[];
}

/** The metrics of one registry that begin with one prefix. They are removed with the last source. */
export class MetricGroup {
  readonly sources: Sources;
  readonly #register: Register;
  readonly #prefix: string;
  readonly #names: string[] = [];

  /** `what` is a source, as people call it; `emptied`: the metrics have been removed. */
  constructor(register: Register, prefix: string, what: string, emptied: () => void) {
    this.#register = register;
    this.#prefix = prefix;
    this.sources = new Sources({
      taken: (name) => `metrics of ${what} ${name} are in this registry already: use another prefix`,
      emptied: () => {
        for (const name of this.#names) register.removeSingleMetric(name);
        emptied();
      },
    });
  }

  describe(name: string, help: string): MetricDescription {
    const full = `${this.#prefix}${name}`;
    this.#names.push(full);
    return { name: full, help, registers: [this.#register] };
  }
}

/** Metrics that are made once for each registry and prefix. `what` is a source, as people call it. */
export function oncePerRegistry<T>(
  what: string,
  make: (group: MetricGroup) => T,
): (register: Register, prefix: string) => T {
  const made = new WeakMap<Register, Map<string, T>>();
  return (register, prefix) => {
    const byPrefix = made.get(register) ?? new Map<string, T>();
    made.set(register, byPrefix);
    const metrics =
      byPrefix.get(prefix) ?? make(new MetricGroup(register, prefix, what, () => byPrefix.delete(prefix)));
    byPrefix.set(prefix, metrics);
    return metrics;
  };
}
