import { setTimeout as sleep } from 'node:timers/promises';

/** Anything a spec can open. */
export type Closable =
  | { close(): unknown }
  | { stop(): unknown }
  | { restore(): unknown }
  | { [Symbol.asyncDispose](): PromiseLike<unknown> }
  | { [Symbol.dispose](): void };

// These are kept, because a spec may leave the global ones faked.
const now = performance.now.bind(performance);

const CLOSES_WITHIN = 15_000;
/** etcd3 keeps a timer for one TTL, 5 s in the specs, when an answer comes after it has closed its lease. */
const FREE_WITHIN = 8_000;

const open: { readonly thing: object; readonly close: () => unknown }[] = [];
const expected = new Map<object, string>();

/**
 * Closes `thing` at the end of the spec, in the reverse of the order in which things were opened, and returns it. The
 * spec fails when `thing` cannot be closed, or still keeps a socket, a timer or a process afterwards.
 */
export function tracked<T extends Closable>(thing: T): T {
  open.push({ thing, close: closerOf(thing).close });
  return thing;
}

/** As {@link tracked}, for a spec that must close `thing` itself. The spec fails when it has not done so. */
export function closedBySpec<T extends Closable>(thing: T, name: string = thing.constructor.name): T {
  const { key, close } = closerOf(thing);
  tracked(thing);
  expected.set(thing, name);
  Object.defineProperty(thing, key, {
    configurable: true,
    value: (...args: readonly unknown[]) => {
      expected.delete(thing);
      return close(...args);
    },
  });
  return thing;
}

/** Closes what is open. Resolves with the complaints. */
export async function closeTracked(): Promise<Error[]> {
  const problems = [...expected.values()].map((name) => new Error(`the spec left open: ${name}`));
  expected.clear();
  for (let last = open.pop(); last !== undefined; last = open.pop()) {
    try {
      await bounded(last.close(), `closing ${last.thing.constructor.name}`);
    } catch (err) {
      problems.push(err instanceof Error ? err : new Error(String(err)));
    }
  }
  return problems;
}

/** What keeps this process alive at the moment: `{ Timeout: 2, TCPSocketWrap: 1 }`. */
export type Resources = Readonly<Record<string, number>>;

export function resources(): Resources {
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** Resolves when nothing is alive that was not alive at `start`; else with an error that names what is. */
export async function leakSince(start: Resources, within = FREE_WITHIN): Promise<Error | undefined> {
  const deadline = now() + within;
  for (;;) {
    const left = Object.entries(resources()).flatMap(([type, count]) => {
      const more = count - (start[type] ?? 0);
      return more > 0 && !NO_LEAKS.has(type) ? [`${more} ${type}`] : [];
    });
    if (left.length === 0) return undefined;
    if (now() > deadline) return new Error(`the spec left something running: ${left.join(', ')}`);
    await sleep(5, undefined, { ref: false });
  }
}

/**
 * Resources that end by themselves within a turn of the loop. Deno 2.9.6 also lists sockets that do not keep it alive,
 * such as the idle connections of a client that specs share.
 */
const NO_LEAKS: ReadonlySet<string> = new Set([
  ...['Immediate', 'CloseReq', 'FSReqCallback', 'FSReqPromise'],
  ...('Deno' in globalThis ? ['TCPSocketWrap'] : []),
]);

function closerOf(thing: Closable): { key: PropertyKey; close: (...args: readonly unknown[]) => unknown } {
  for (const key of ['close', 'stop', Symbol.asyncDispose, 'restore', Symbol.dispose] as const) {
    const method: unknown = Reflect.get(thing, key);
    if (typeof method === 'function') return { key, close: (...args) => method.apply(thing, args) };
  }
  throw new TypeError('cannot be tracked: it has neither close() nor stop()');
}

async function bounded(closing: unknown, what: string): Promise<void> {
  const over = new AbortController();
  const timeout = sleep(CLOSES_WITHIN, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${what} took more than ${CLOSES_WITHIN} ms`);
  });
  try {
    await Promise.race([closing, timeout]);
  } finally {
    timeout.catch(() => {});
    over.abort();
  }
}
