#!/usr/bin/env node
import { exitAs } from './exit.js';
import { main } from './program.js';

process.noDeprecation = true; // grpc-js uses an address as TLS server name, and Node warns of it on the user's terminal
process.stdout.on('error', (err: NodeJS.ErrnoException) => {
  if (err.code === 'EPIPE') process.exit(141); // as in `| head`: 141 is the code of a filter that SIGPIPE ends
  throw err;
});
process.stderr.on('error', () => {}); // the command under `run` goes on when nobody reads the notices any more

const exit = await main(process.argv);
// Flush first, because what was written to a pipe may not have left yet. Wait for nothing else.
const flushed = (stream: NodeJS.WriteStream): Promise<void> => new Promise((done) => stream.write('', () => done()));
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
exitAs(exit);
