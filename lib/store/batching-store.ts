import { PassingStore } from './passing-store.js';
import { isOutage, type Op, type Txn, type TxnResult } from './store.js';

interface WaitingTxn {
  readonly txn: Txn;
  readonly resolve: (result: TxnResult) => void;
  readonly reject: (reason: unknown) => void;
  /** The transaction is sent by itself: it was part of a batch that was refused, or it reads at a revision. */
  isAlone: boolean;
}

/** Requests under way at a time. More would only wait inside etcd, where they can no longer be put together. */
const MOST_IN_FLIGHT = 8;
/** Operations in a batch, because etcd allows 128 in a transaction (`--max-txn-ops`). A join has two to four. */
const MOST_OPS = 120;
/** Bytes of values in a batch, because etcd allows 1.5 MiB in a request (`--max-request-bytes`). */
const MOST_BYTES = 256 * 1024;

/**
 * A store that puts transactions together that would otherwise wait for each other. While few requests are under way, a
 * transaction is sent at once and by itself, so a single election never waits. Ten thousand elections make a few
 * hundred requests.
 *
 * All compares of a batch must hold together. They nearly always do, because each guards a key that only one candidate
 * writes. When a compare does not hold, or etcd refuses the batch (one permission is missing, one lease is gone), its
 * transactions are sent one by one, so that no transaction decides for the others.
 *
 * A read at a revision never goes with a write. When that revision is compacted, some members of etcd refuse the
 * transaction and others carry it out, and their data differ from then on (seen with etcd 3.5.30 and 3.6.16).
 */
export class BatchingStore extends PassingStore {
  #waiting: WaitingTxn[] = [];
  #inFlight = 0;

  override txn(txn: Txn): Promise<TxnResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ txn, resolve, reject, isAlone: txn.success.some(isAtRevision) });
      this.#send();
    });
  }

  #send(): void {
    while (this.#inFlight < MOST_IN_FLIGHT && this.#waiting.length > 0) {
      const batch = this.#take();
      this.#inFlight++;
      void this.#carryOut(batch).then(() => {
        this.#inFlight--;
        this.#send();
      });
    }
  }

  /** Takes as many waiting transactions, from the first on, as make a legal transaction. */
  #take(): WaitingTxn[] {
    let ops = 0;
    let bytes = 0;
    const written = new Set<string>();
    const fits = ({ txn, isAlone }: WaitingTxn, at: number): boolean => {
      ops += Math.max(txn.success.length, txn.compare.length);
      for (const op of txn.success) {
        if (op.type === 'put') bytes += op.value.length;
        // etcd refuses to write a key twice in one transaction.
        if (op.type !== 'range' && written.size === written.add(op.key).size) return at === 0;
      }
      return at === 0 || (!isAlone && ops <= MOST_OPS && bytes <= MOST_BYTES);
    };
    let length = this.#waiting.findIndex((waiting, at) => !fits(waiting, at));
    if (this.#waiting[0]?.isAlone) length = 1;
    return this.#waiting.splice(0, length < 0 ? this.#waiting.length : length);
  }

  /** Never rejects. */
  async #carryOut(batch: readonly WaitingTxn[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    try {
      const result = await this.below.txn(batch.length === 1 ? first.txn : merge(batch));
      if (batch.length === 1) first.resolve(result);
      else if (result.succeeded) distribute(batch, result);
      else this.#sendAlone(batch);
    } catch (err) {
      // An outage concerns all transactions, and each sender tries again by itself. A refusal may concern only one.
      if (batch.length > 1 && !isOutage(err)) this.#sendAlone(batch);
      else for (const { reject } of batch) reject(err);
    }
  }

  #sendAlone(batch: readonly WaitingTxn[]): void {
    for (const waiting of batch) waiting.isAlone = true;
    this.#waiting.unshift(...batch);
  }
}

function isAtRevision(op: Op): boolean {
  return op.type === 'range' && op.range.revision !== undefined;
}

/**
 * The writes go first. A read in a transaction sees only the writes before it, but all results carry one revision. A
 * read before another candidate's write would show less than its revision says, and a watch from there would miss it.
 */
function merge(batch: readonly WaitingTxn[]): Txn {
  const ops = batch.flatMap(({ txn }) => txn.success);
  return {
    compare: batch.flatMap(({ txn }) => txn.compare),
    success: [...ops.filter((op) => !isRange(op)), ...ops.filter(isRange)],
    failure: [],
  };
}

function distribute(batch: readonly WaitingTxn[], { ranges, ...result }: TxnResult): void {
  let from = 0;
  for (const { txn, resolve } of batch) {
    const to = from + txn.success.filter(isRange).length;
    resolve({ ...result, ranges: ranges.slice(from, to) });
    from = to;
  }
}

function isRange(op: Op): boolean {
  return op.type === 'range';
}
