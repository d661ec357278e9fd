/** How many colours there are; see style.css. */
export const COLOURS = 8;

/**
 * Numbers for names. A name keeps its number while it is there, and a new name gets the lowest number that is free. So
 * a worker keeps its colour while others come and go.
 */
export class Codes {
  readonly #codes = new Map<string, number>();

  /** Frees the numbers of all other names. */
  assign(names: readonly string[]): void {
    const present = new Set(names);
    for (const name of this.#codes.keys()) if (!present.has(name)) this.#codes.delete(name);
    const used = new Set(this.#codes.values());
    let next = 0;
    for (const name of present) {
      if (this.#codes.has(name)) continue;
      while (used.has(next)) next++;
      used.add(next);
      this.#codes.set(name, next);
    }
  }

  /** The number of this name, from now on. */
  of(name: string): number {
    const code = this.#codes.get(name) ?? this.#codes.size;
    this.#codes.set(name, code);
    return code;
  }
}

/** A, B … Z, AA, AB: what tells workers apart where colours do not. */
export function letters(code: number): string {
  const rest = Math.floor(code / 26);
  return `${rest > 0 ? letters(rest - 1) : ''}${String.fromCharCode(65 + (code % 26))}`;
}
