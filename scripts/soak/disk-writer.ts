/**
 * Keeps the disk busy: writes a file of bounded size again and again, and waits after each block until the disk has it.
 * Ends with the process that forked it. The file has no name while it is written, so nothing is left of it in any case.
 */
import { closeSync, fsync, openSync, unlinkSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { whenOrphaned } from '../../spec/support/programs/parent.js';

/** Bytes to write before beginning again, so that the file does not grow. */
const FILE = 64 * 2 ** 20;
const BLOCK = 2 ** 20;

const folder = process.argv[2];
if (folder === undefined) throw new Error('the folder to write in is missing');
const path = join(folder, `disk-writer-${process.pid}`);
const file = openSync(path, 'w');
unlinkSync(path);
whenOrphaned();
process.once('exit', () => closeSync(file));

const block = Buffer.alloc(BLOCK, 'disk writer');
for (let at = 0; ; at = (at + BLOCK) % FILE) {
  await promisify(write)(file, block, 0, BLOCK, at);
  await promisify(fsync)(file);
}
