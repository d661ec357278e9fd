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
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** The events that this piece completes. */
  read(piece: string): StreamEvent[] {
    // A CR at the end may be half of a line's end.
    const text = `${this.#rest}${piece}`;
    const isCut = text.endsWith('\r');
    const lines = (isCut ? text.slice(0, -1) : text).split(/\r\n|\n|\r/);
    this.#rest = `${lines.pop() ?? ''}${isCut ? '\r' : ''}`;
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
