/** One event of a stream, or a sign of life that carries none. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Reads server-sent events from pieces of text, wherever the text is cut. `EventSource` would do this, but it can send
 * no token.
 */
export class EventReader {
  /** What has come of a line that has not ended. A picture is one long line in many pieces. */
  #rest: string[] = [];
  #event = '';
  #data: string[] = [];

  /** The events that this piece completes. */
  read(piece: string): StreamEvent[] {
    if (piece === '') return [];
    this.#rest.push(piece);
    if (!/[\r\n]/.test(piece) && this.#rest.at(-2)?.endsWith('\r') !== true) return [];
    const text = this.#rest.join('');
    const isCut = text.endsWith('\r'); // it may be half of a line's end
    const lines = (isCut ? text.slice(0, -1) : text).split(/\r\n|\n|\r/);
    this.#rest = [`${lines.pop() ?? ''}${isCut ? '\r' : ''}`];
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): StreamEvent[] {
    if (line === '') {
      const [event, data] = [this.#event, this.#data];
      this.#event = '';
      this.#data = [];
      return data.length === 0 ? [] : [{ event: event === '' ? 'message' : event, data: data.join('\n') }];
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return [];
  }
}
