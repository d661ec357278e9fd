import type { ElectionError } from '../../errors.js';
import { isOutage } from '../../store/store.js';
import { View } from '../../view/view.js';
import type { CommandContext } from '../command-context.js';
import { EXIT, type Exit } from '../exit.js';
import { explain } from '../explain.js';
import { firstAnswer } from '../first-answer.js';
import { OutageNotices } from '../outage-notices.js';
import { visible } from '../output.js';
import { ChangeLines } from '../top/changes.js';

/**
 * Shows all elections and pools under a prefix, live, on the screen of the terminal; where there is none, prints a line
 * for every change until a signal ends the program.
 */
export async function top(context: CommandContext, prefix: string): Promise<Exit> {
  const view = new View(context.etcd, prefix, { logger: context.out.logger, history: true });
  try {
    return isScreen(context) ? await draw(context, view, prefix) : await print(context, view);
  } finally {
    view.close();
  }
}

function isScreen({ out }: CommandContext): boolean {
  const { stdin, stdout, env } = process;
  return !out.isJson && stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb';
}

async function print({ endpoints, out }: CommandContext, view: View): Promise<Exit> {
  const outage = new OutageNotices(out, endpoints);
  const lines = new ChangeLines(out);
  let isStarted = false;
  view.on('error', (error) => {
    if (isStarted || error.code !== 'PERMISSION_DENIED') outage.begin(error); // else it ends us
  });
  view.on('heard', () => outage.heard());
  view.on('answered', () => outage.end());
  view.on('changed', (picture, changes) => lines.tell(picture, changes));
  await view.start();
  isStarted = true;
  outage.end();
  return await new Promise<never>(() => {}); // a signal ends the program
}

async function draw({ endpoints, out }: CommandContext, view: View, prefix: string): Promise<Exit> {
  let outage: string | undefined;
  let isRead = false;
  let told = (): void => {};
  const onError = (error: ElectionError): void => {
    const what = isRead && isOutage(error) ? 'what is shown may be out of date' : 'still trying';
    outage = visible(`${explain(error, endpoints)}: ${what}`);
    told();
  };
  const onAnswer = (): void => {
    isRead = true;
    outage = undefined;
    told();
  };
  view.on('error', onError);
  view.on('answered', onAnswer);
  view.on('changed', () => told());
  const heard = new Promise<void>((resolve) => view.on('heard', resolve));
  const read = view.start().then(onAnswer);
  await firstAnswer(Promise.race([heard, read])).catch((error: ElectionError) => {
    if (!isOutage(error)) throw error;
    onError(error); // the screen says so, and the view keeps trying
  });
  read.catch(() => {}); // told as an error
  // Only those who see a screen load what draws it.
  const { showScreen } = await import('../top/screen.js');
  const source = {
    scene: () => ({ picture: view.picture, isRead, prefix, now: Date.now(), outage }),
    onChange: (listener: () => void) => {
      told = listener;
    },
  };
  const signal = await showScreen(source, process);
  out.debug('the screen is closed', { signal });
  return signal === undefined ? { code: EXIT.ok } : { signal };
}
