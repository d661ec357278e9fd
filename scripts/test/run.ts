import { type Facts, leftOut, type Outcome, outcomeOf } from './outcome.js';
import type { RunLogs } from './run-logs.js';
import { Stage } from './stage.js';
import type { Step } from './step.js';

export interface RunOptions {
  readonly logs: RunLogs;
  readonly mochaArgs: readonly string[];
  /** Only this step, by its name. */
  readonly asked?: string | undefined;
  /** The terminal. */
  readonly print: (text: string) => void;
}

/**
 * Runs steps, and goes on when one fails, because each of them says something new; only an interruption ends the run.
 * What failed is told by {@link outcomes}.
 */
export class Run {
  readonly outcomes: Outcome[] = [];
  readonly #options: RunOptions;
  #interruptedBy: NodeJS.Signals | undefined;

  constructor(options: RunOptions) {
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

  /** One after the other, but for steps with lanes that follow each other: their lanes run at the same time. */
  async carryOut(steps: readonly Step[]): Promise<void> {
    for (let rest = steps; rest.length > 0; ) {
      const hasLane = rest[0]?.lane !== undefined;
      const end = rest.findIndex(({ lane }) => (lane !== undefined) !== hasLane);
      const block = end < 0 ? rest : rest.slice(0, end);
      await (hasLane ? this.#inLanes(block) : this.#inOrder(block, this.#options.print));
      rest = rest.slice(block.length);
    }
    const order = steps.map(({ name }) => name);
    this.outcomes.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  }

  /** The output of the second lane is held back: it would mix with that of the first. */
  async #inLanes(steps: readonly Step[]): Promise<void> {
    const { print } = this.#options;
    const lane = (which: Step['lane']): Step[] => steps.filter((step) => step.lane === which);
    let held = '';
    const hold = (text: string): void => {
      held += text;
    };
    await Promise.all([this.#inOrder(lane('first'), print), this.#inOrder(lane('second'), hold)]);
    print(held);
  }

  async #inOrder(steps: readonly Step[], print: (text: string) => void): Promise<void> {
    for (const step of steps) this.outcomes.push(await this.#try(step, print));
  }

  async #try(step: Step, print: (text: string) => void): Promise<Outcome> {
    if (this.#interruptedBy !== undefined) return leftOut(step.name, `interrupted by ${this.#interruptedBy}`);
    if (step.needsAll === true && this.outcomes.some(({ result }) => result === 'failed')) {
      return leftOut(step.name, 'since something before it has failed');
    }
    const { logs, mochaArgs, asked } = this.#options;
    const isAskedFor = step.name === asked;
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
): Outcome {
  if (passed && reason !== undefined) return leftOut(name, reason);
  return outcomeOf({ name, telling, endings, specs, output, passed, took, ...(thrown !== undefined && { thrown }) });
}
