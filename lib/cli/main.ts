#!/usr/bin/env node
import { EXIT, exitAs } from './exit.js';

process.noDeprecation = true; // what Node warns of in our dependencies is nothing for the user
process.stdout.on('error', (err: NodeJS.ErrnoException) => {
  if (err.code === 'EPIPE') process.exit(141); // as in `| head`: 141 is the code of a filter that SIGPIPE ends
  process.stderr.write(`etcd-leader: cannot write to standard output: ${err.message}\n`);
  process.exit(EXIT.failed);
});
process.stderr.on('error', () => {}); // the command under `run` goes on when nobody reads the notices any more

// gRPC reads this variable while it is loaded, and would write lines of its own beside ours. The command under `run`
// must not get it from us.
const verbosity = process.env['GRPC_VERBOSITY'];
process.env['GRPC_VERBOSITY'] = verbosity ?? 'NONE';
const { main } = await import('./program.js');
if (verbosity === undefined) delete process.env['GRPC_VERBOSITY'];

const exit = await main(process.argv);
await new Promise((resolve) => setImmediate(resolve)); // that a write has failed is told in the next turn
// Flush first, because what was written to a pipe may not have left yet. Wait for nothing else. A stream that nobody
// has written to is left alone: it may be a full disk, and how the command has ended must not depend on that.
const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((done) => (stream.writableLength === 0 ? done() : stream.write('', () => done())));
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
exitAs(exit);
