/** What a worker writes down when it begins or ends a job, in the order of the server that keeps it. */
export interface Entry {
  readonly what: 'begin' | 'end';
  readonly partition: string;
  readonly job: string;
  readonly worker: string;
  readonly token: bigint;
}

export interface Expected {
  /** The jobs of each partition, in the order in which they were sent. */
  readonly jobs: ReadonlyMap<string, readonly string[]>;
  /** The worker whose process was killed: the job that it had in hand may come a second time. */
  readonly killed: string;
}

/** What is wrong with the work of all partitions; empty when each did its jobs in order, one at a time. */
export function faultsOf(entries: readonly Entry[], { jobs, killed }: Expected): string[] {
  return [...jobs].flatMap(([partition, names]) => {
    const own = entries.filter((entry) => entry.partition === partition);
    return faultsOfOne(own, names, killed).map((fault) => `partition ${partition}: ${fault}`);
  });
}

function faultsOfOne(entries: readonly Entry[], jobs: readonly string[], killed: string): string[] {
  const faults: string[] = [];
  const done: string[] = [];
  let open: Entry | undefined;
  let last: Entry | undefined;
  for (const entry of entries) {
    const { what, job, worker, token } = entry;
    if (last !== undefined && token < last.token) faults.push(`${worker} works on ${job} with an older token`);
    if (what === 'begin') {
      // The killed worker may have had the job in hand, or have ended it and not said so to the queue.
      const isRepeat = (open ?? last)?.job === job && (open ?? last)?.worker === killed && worker !== killed;
      if (open !== undefined && !isRepeat) faults.push(`${worker} begins ${job} beside ${open.job} of ${open.worker}`);
      if (open === undefined && isRepeat) done.pop();
      open = entry;
    } else if (open?.job === job && open.worker === worker) {
      done.push(job);
      open = undefined;
    } else faults.push(`${worker} ends ${job}, which it has not begun last`);
    last = entry;
  }
  if (done.join() !== jobs.join()) faults.push(`done: ${done.join()}; sent: ${jobs.join()}`);
  return faults;
}
