import { parseControl } from '../../pool/wire.js';
import { bytesOf } from '../../store/bytes.js';
import type { CommandContext } from '../command-context.js';
import { CliError, EXIT } from '../exit.js';
import { firstAnswer } from '../first-answer.js';
import { visible } from '../output.js';
import { controlKey, onlooker, readMemberIds } from '../pool/pool-in-etcd.js';
import { Requests } from '../requests.js';
import { nobodyIn } from './pool.js';

/** What the operators of a pool have said, with fields that we do not know. */
interface Control {
  readonly v: 1;
  readonly paused: boolean;
  readonly drained: readonly string[];
}

/**
 * Takes a member's partitions from it, and gives it none until `undrain`. The member is named by its id, so a worker
 * that restarts with the same id stays drained.
 */
export async function drain(context: CommandContext, name: string, member: string): Promise<number> {
  const members = await membersOf(context, name);
  if (!members.has(member)) {
    throw new CliError(EXIT.nobody, `no worker ${visible(member)} is in the pool ${visible(name)}`);
  }
  return await change(context, name, (control) => ({ ...control, drained: withThe(control, member) }), {
    done: `${visible(member)} is drained: its partitions go to the others`,
    already: `${visible(member)} was drained already`,
  });
}

/** Lets a member have partitions again. It need not be there. */
export async function undrain(context: CommandContext, name: string, member: string): Promise<number> {
  return await change(context, name, (control) => ({ ...control, drained: without(control, member) }), {
    done: `${visible(member)} takes partitions again`,
    already: `${visible(member)} was not drained`,
  });
}

/** No partition is moved for balance until `resume`. What nobody owns is given out all the same. */
export async function pause(context: CommandContext, name: string): Promise<number> {
  await membersOf(context, name);
  return await change(context, name, (control) => ({ ...control, paused: true }), {
    done: `${visible(name)} is paused: partitions are not moved for balance`,
    already: `${visible(name)} was paused already`,
  });
}

export async function resume(context: CommandContext, name: string): Promise<number> {
  return await change(context, name, (control) => ({ ...control, paused: false }), {
    done: `${visible(name)} moves partitions for balance again`,
    already: `${visible(name)} was not paused`,
  });
}

/** @throws CliError when there is none */
async function membersOf({ etcd, out }: CommandContext, name: string): Promise<ReadonlySet<string>> {
  const members = await firstAnswer(readMemberIds(onlooker(etcd, name, out)));
  if (members.size === 0) throw new CliError(EXIT.nobody, nobodyIn(name));
  return members;
}

function withThe({ drained }: Control, member: string): readonly string[] {
  return drained.includes(member) ? drained : [...drained, member];
}

function without({ drained }: Control, member: string): string[] {
  return drained.filter((id) => id !== member);
}

/** Writes over what it has read and nothing else: of two operators at the same time, the slower one reads again. */
async function change(
  { etcd, out }: CommandContext,
  name: string,
  to: (control: Control) => Control,
  texts: { readonly done: string; readonly already: string },
): Promise<number> {
  const requests = new Requests(etcd);
  const key = bytesOf(controlKey(name));
  let isSent = false;
  for (;;) {
    const kv = await firstAnswer(requests.key(key));
    const before = controlIn(kv?.value, name);
    const control = to(before);
    const isSame = before.paused === control.paused && before.drained.join('\0') === control.drained.join('\0');
    if (!isSame) {
      isSent = true; // the answer may be lost: then what we want is there at the next look
      const { succeeded } = await requests.send('write what the operator wants', (options) =>
        etcd
          .if(key, 'Mod', '==', kv?.mod_revision ?? '0')
          .then(etcd.put(key).value(JSON.stringify(control)))
          .options(options)
          .commit(),
      );
      if (!succeeded) continue;
    }
    const { paused, drained } = control;
    out.result(isSent ? texts.done : texts.already, { pool: name, paused, drained, changed: isSent });
    return EXIT.ok;
  }
}

/** @throws CliError when the key says what this version does not understand */
function controlIn(bytes: Buffer | undefined, name: string): Control {
  if (bytes === undefined) return { v: 1, paused: false, drained: [] };
  const value = objectIn(bytes);
  if (value?.['v'] !== 1) {
    const key = visible(`${name}/control/balance`);
    throw new CliError(EXIT.failed, `${key} says what etcd-leader has not written: nothing done`);
  }
  const { isPaused, drained } = parseControl(bytes);
  return { ...value, v: 1, paused: isPaused, drained: [...drained] };
}

function objectIn(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // not JSON
  }
}
