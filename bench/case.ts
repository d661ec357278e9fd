import { load } from './machine.js';
import type { Measurement, Result } from './report.js';
import type { BenchWorld } from './world.js';

/** What can be asked for by name; gives one or more results. */
export interface Case {
  readonly name: string;
  readonly about: string;
  /** The case takes so much of the machine that it is run only when it is asked for by name. */
  readonly isSpecial?: boolean;
  run(world: BenchWorld): Promise<Result[]>;
}

/** Measures one result and notes the machine's load around it. */
export async function measured(
  world: BenchWorld,
  id: string,
  title: string,
  measure: () => Promise<Measurement[]>,
): Promise<Result> {
  world.say(title);
  const before = load();
  const measurements = await measure();
  return { id, title, load: [before, load()], measurements };
}
