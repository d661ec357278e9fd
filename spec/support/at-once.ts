/**
 * Runs cases of a spec at the same time, because each of them mostly waits. Resolves or rejects when all have ended,
 * and names those that have failed.
 */
export async function atOnce(cases: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  const failures: Error[] = [];
  const run = async ([name, test]: [string, () => Promise<unknown>]): Promise<void> => {
    try {
      await test();
    } catch (err) {
      failures.push(new Error(`${name}: ${err instanceof Error ? err.message : err}`, { cause: err }));
    }
  };
  await Promise.all(Object.entries(cases).map(run));
  const [first, ...others] = failures;
  if (first === undefined) return;
  throw others.length === 0 ? first : new AggregateError(failures, failures.map(({ message }) => message).join('; '));
}
