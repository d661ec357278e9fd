import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Asks on the terminal; any answer but yes is no. The question goes to stderr, so that stdout holds only results. */
export async function confirm(question: string): Promise<boolean> {
  const answer = await prompt(question, process.stderr);
  return /^y(es)?$/i.test(answer.trim());
}

/** Asks without showing what is typed. */
export async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const answer = await prompt('', new Writable({ write: (_chunk, _encoding, done) => done() }));
  process.stderr.write('\n');
  return answer;
}

async function prompt(question: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  // Ctrl-C ends the program, as at a shell's `read`. Ctrl-D is an empty answer.
  lines.on('SIGINT', () => process.exit(130));
  const gone = new AbortController();
  lines.on('close', () => gone.abort());
  try {
    return await lines.question(question, { signal: gone.signal });
  } catch {
    return '';
  } finally {
    lines.close();
  }
}
