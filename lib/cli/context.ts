import type { Connection } from './connection.js';
import type { Output } from './output.js';

/** What every command is given. */
export interface Context extends Connection {
  readonly out: Output;
}
