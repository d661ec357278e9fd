import { availableParallelism } from 'node:os';
import { type Facts, leftOut, type StepOutcome, stepOutcome } from './outcome.js';
import type { RunLogs } from './run-logs.js';
import { Stage } from './stage.js';
import { type Step, suiteOf } from './step.js';
import { together } from './together.js';
import { OutputTurns } from './turns.js';

/** More cores gain nothing, since the longest suite decides; and in a container fewer may be ours than can be seen. */
const CORES = Math.min(4, availableParallelism());

export interface TestRunOptions {
  readonly logs: RunLogs;
  readonly mochaArgs: readonly string[];
  /** The suite that was asked for by its name. */
  readonly asked?: string | undefined;
  /** The terminal. */
  readonly print: (text: string) => void;
  /** What the machine has for steps that run at the same time. @default those of the machine, four at the most */
  readonly cores?: number;
}

/**
 * Runs steps, and goes on when one fails, because each of them says something new; only an interruption ends the run.
 * What failed is told by {@link outcomes}.
 */
export class Run {
  readonly outcomes: StepOutcome[] = [];
  readonly #options: TestRunOptions;
  #interruptedBy: NodeJS.Signals | undefined;

  constructor(options: TestRunOptions) {
    this.#options = options;
  }

  /** No further step is begun. Those that run get the signal as well. */
  interrupt(signal: NodeJS.Signals): void {
    this.#interruptedBy ??= signal;
  }

  /** Nothing failed, and nothing was cut short. What was left out for want of an engine is no failure. */
  get hasPassed(): boolean {
    return this.#interruptedBy === undefined && this.outcomes.every(({ result }) => result !== 'failed');
  }

  /** Steps that have the machine to themselves run in their order, and those between them at the same time. */
  async carryOut(steps: readonly Step[]): Promise<void> {
    for (let rest = steps; rest.length > 0; ) {
      const alone = rest.findIndex(({ cores }) => cores === undefined);
      const block = rest.slice(0, alone < 0 ? rest.length : Math.max(1, alone));
      await this.#together(block);
      rest = rest.slice(block.length);
    }
    const order = steps.map(({ name }) => name);
    this.outcomes.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  }

  async #together(steps: readonly Step[]): Promise<void> {
    const { print, cores = CORES } = this.#options;
    const turns = new OutputTurns(print);
    await together(steps, cores, async (step) => {
      const voice = turns.begin();
      this.outcomes.push(await this.#try(step, (text) => voice.print(text)));
      voice.end();
    });
  }

  async #try(step: Step, print: (text: string) => void): Promise<StepOutcome> {
    if (this.#interruptedBy !== undefined) return leftOut(step.name, `interrupted by ${this.#interruptedBy}`);
    if (step.needsAll === true && this.outcomes.some(({ result }) => result === 'failed')) {
      return leftOut(step.name, 'since something before it has failed');
    }
    const { logs, mochaArgs, asked } = this.#options;
    const isAskedFor = suiteOf(step) === asked;
    const options = { name: step.name, onOutput: print, logs: logs.folder, scratch: logs.scratch };
    const stage = new Stage({ ...options, mochaArgs, isAskedFor });
    stage.say(`\n── ${step.name}`);
    const startedAt = performance.now();
    let [passed, thrown]: [boolean, unknown] = [false, undefined];
    try {
      passed = await step.run(stage);
    } catch (err) {
      thrown = err ?? 'failed';
    }
    const facts = { passed, took: performance.now() - startedAt, thrown };
    const outcome = outcomeOfStage(step, stage, facts);
    if (outcome.result === 'failed') stage.say(`\n── ${step.name} failed`);
    await stage.close();
    logs.settle(stage.folder, step.name, outcome.result === 'failed');
    return outcome;
  }
}

function outcomeOfStage(
  { name, telling }: Step,
  { leftOut: reason, endings, specs, output }: Stage,
  { passed, took, thrown }: Pick<Facts, 'passed' | 'took' | 'thrown'>,
): StepOutcome {
  if (passed && reason !== undefined) return leftOut(name, reason);
  return stepOutcome({ name, telling, endings, specs, output, passed, took, ...(thrown !== undefined && { thrown }) });
}
