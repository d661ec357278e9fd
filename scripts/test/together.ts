import type { Step } from './step.js';

/**
 * Runs steps at the same time, as far as `cores` are enough for them. A step begins before those that come later in the
 * list, if there is room for it; one that takes more than there is runs alone.
 */
export async function together(
  steps: readonly Step[],
  cores: number,
  run: (step: Step) => Promise<void>,
): Promise<void> {
  const waiting = [...steps];
  const running = new Map<Step, Promise<void>>();
  const busy = (): number => [...running.keys()].reduce((sum, step) => sum + coresOf(step), 0);
  const isDue = (step: Step): boolean => {
    const unfinished = [...waiting, ...running.keys()];
    return !unfinished.some(({ name }) => step.after?.includes(name));
  };
  const fits = (step: Step): boolean => running.size === 0 || busy() + coresOf(step) <= cores;
  const begin = (step: Step): void => {
    waiting.splice(waiting.indexOf(step), 1);
    running.set(
      step,
      run(step).finally(() => running.delete(step)),
    );
  };
  while (waiting.length > 0 || running.size > 0) {
    for (const step of [...waiting]) if (isDue(step) && fits(step)) begin(step);
    if (running.size === 0) throw new Error(`these wait for each other: ${waiting.map(({ name }) => name).join(', ')}`);
    await Promise.race(running.values());
  }
}

function coresOf({ cores = 0 }: Step): number {
  return cores;
}
