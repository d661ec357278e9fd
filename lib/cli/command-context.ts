import type { EtcdConnection } from './connection.js';
import type { Output } from './output.js';

/** What every command is given. */
export interface CommandContext extends EtcdConnection {
  readonly out: Output;
}
