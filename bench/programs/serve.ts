import { whenOrphaned } from '../../spec/support/programs/parent.js';
import type { Commands, Question, Reply } from '../child.js';

/** Answers what the benchmark asks of this process. The process ends with the benchmark. */
export function serve(commands: Commands): void {
  process.on('message', ({ id, command, argument }: Question) => {
    void answer(commands, command, argument).then((reply) => {
      if (process.connected) process.send?.({ id, ...reply } satisfies Reply);
    });
  });
  process.on('SIGINT', () => {}); // Ctrl-C is the benchmark's to handle
  whenOrphaned(() => process.exit(0));
}

async function answer(commands: Commands, name: string, argument: unknown): Promise<Omit<Reply, 'id'>> {
  try {
    const command = commands[name] as ((argument: unknown) => unknown) | undefined;
    if (command === undefined) throw new Error(`no such command: ${name}`);
    return { value: await command(argument) };
  } catch (err) {
    return { error: err instanceof Error ? err.message : String(err) };
  }
}
