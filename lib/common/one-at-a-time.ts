/**
 * Writes of one thing, one after the other, in the order of the calls: two that are under way may be carried out in
 * either order. A base class, and no part, so that an election costs no object more.
 */
export abstract class OneAtATime {
  /** The last of the writes that wait for each other. Never rejects. */
  #lastTurn: Promise<void> | undefined;

  /** A write is under way, or waits for its turn. */
  protected get isWriting(): boolean {
    return this.#lastTurn !== undefined;
  }

  /**
   * Calls `write` when the writes before it have ended. Settles as `write` does. A write that fails does not stop the
   * next one.
   */
  protected async inTurn<T>(write: () => Promise<T>): Promise<T> {
    const before = this.#lastTurn;
    const written = (async () => {
      await before;
      return await write();
    })();
    const turn = written.then(
      () => {},
      () => {},
    );
    this.#lastTurn = turn;
    try {
      return await written;
    } finally {
      if (this.#lastTurn === turn) this.#lastTurn = undefined;
    }
  }
}
