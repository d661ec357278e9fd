/** Milliseconds that a process may stand still without a word about it. */
const NOTABLE = 1_000;
const LOOK_EVERY = 50;

// Not the global one: a spec may leave it faked.
const now = performance.now.bind(performance);

/**
 * Tells when this process has stood still, because the machine was busy or because it was: whoever reads why a spec has
 * failed must know that leases ran out meanwhile. It keeps no process alive.
 *
 * @returns ends it
 */
export function tellStalls(tell: (line: string) => void, every = LOOK_EVERY, notable = NOTABLE): () => void {
  let at = now();
  let cpu = process.cpuUsage();
  const timer = setInterval(() => {
    const [late, used] = [now() - at - every, process.cpuUsage(cpu)];
    at += late + every;
    cpu = process.cpuUsage();
    if (late < notable) return;
    const busy = (used.user + used.system) / 1_000;
    tell(`      · stood still for ${Math.round(late)} ms, of which it worked ${Math.round(busy)} ms`);
  }, every);
  timer.unref();
  return () => clearInterval(timer);
}
