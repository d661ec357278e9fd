#!/usr/bin/env node
import { exitAs } from './exit.js';
import { main } from './program.js';

process.noDeprecation = true; // grpc-js names an address as TLS server name, and Node complains on the user's terminal
process.stdout.on('error', (err: NodeJS.ErrnoException) => {
  if (err.code === 'EPIPE') process.exit(141); // `| head`: as any filter that SIGPIPE ends
  throw err;
});
process.stderr.on('error', () => {}); // nobody reads the notices any more: no reason to end what runs under `run`

const exit = await main(process.argv);
// Not at once: what has been written to a pipe may not have left yet. Nothing else must keep us.
const flushed = (stream: NodeJS.WriteStream): Promise<void> => new Promise((done) => stream.write('', () => done()));
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
exitAs(exit);
