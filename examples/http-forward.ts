/**
 * An HTTP service in which any replica takes a write, and the leader does it: the other replicas forward the write to
 * the leader. A candidate announces its own address, so whoever observes the election knows where to send a write.
 *
 *     PORT=8001 node dist/examples/http-forward.js
 *     curl -X PUT -d hello http://127.0.0.1:8002/notes/a
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Candidate, createClient, Election } from 'etcd-leader';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/http', PORT = '0' } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);
const FORWARDED = 'x-forwarded-to-leader';

interface Answer {
  readonly status: number;
  readonly body: string;
}

const server = createServer(async (request, response) => {
  try {
    const { status, body } = await answer(request);
    response.writeHead(status, status === 503 ? { 'retry-after': '1' } : {}).end(`${body}\n`);
  } catch (err) {
    response.writeHead(502).end(`${err instanceof Error ? err.message : String(err)}\n`);
  }
});
await new Promise<void>((listening) => server.listen(Number(PORT), '127.0.0.1', listening));
const self = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const log = (line: string): void => console.log(`${new Date().toISOString()} ${self}: ${line}`);

const client = createClient({ hosts: ETCD_HOSTS.split(',') });
const election = new Election(client, ELECTION, { value: self, ttl: TTL });
election.on('elected', ({ fencingToken }) => log(`elected with token ${fencingToken}`));
election.on('error', (err) => log(`${err.code}: ${err.message}`));
election.start();

let leader: Candidate | undefined;
const end = new AbortController();
const observed = observe();
log('listening');

process.once('SIGTERM', shutDown);
process.once('SIGINT', shutDown);

/** Also works in a process that is no candidate, such as a gateway. */
async function observe(): Promise<void> {
  for await (leader of election.observe({ signal: end.signal })) log(`the leader is ${leader?.value ?? 'nobody'}`);
}

async function answer(request: IncomingMessage): Promise<Answer> {
  const note = /^\/notes\/(\w+)$/.exec(request.url ?? '')?.[1];
  if (note === undefined) return { status: 404, body: 'notes are at /notes/<name>' };
  const key = `${ELECTION}-notes/${note}`;
  if (request.method === 'GET') {
    const value = await client.get(key).string();
    return value === null ? { status: 404, body: 'no such note' } : { status: 200, body: value };
  }
  if (request.method !== 'PUT') return { status: 405, body: 'GET or PUT' };
  const value = await text(request);
  if (election.isLeader()) return await write(key, value);
  // A write is forwarded only once, so that two replicas which take each other for the leader do not send it to and
  // fro.
  if (leader === undefined || leader.value === self || FORWARDED in request.headers) return NOBODY;
  return await forward(`${leader.value}${request.url}`, value);
}

const NOBODY: Answer = { status: 503, body: 'nobody leads at the moment' };

/** Writes only under the fence, because this replica may have been deposed since it looked. */
async function write(key: string, value: string): Promise<Answer> {
  const { leadership } = election;
  const done = await leadership?.txn().then(client.put(key).value(value)).commit();
  return done?.succeeded
    ? { status: 200, body: `written by ${self} under token ${leadership?.fencingToken}` }
    : { ...NOBODY, body: 'deposed meanwhile: nothing was written' };
}

async function forward(url: string, body: string): Promise<Answer> {
  const headers = { [FORWARDED]: '1' };
  const response = await fetch(url, { method: 'PUT', headers, body, signal: AbortSignal.timeout(5_000) });
  return { status: response.status, body: (await response.text()).trimEnd() };
}

/** Gives leadership up first, so that another replica leads while this one still answers what it has accepted. */
async function shutDown(): Promise<void> {
  await election.stop();
  await new Promise((closed) => server.close(closed));
  end.abort();
  await observed;
  client.close();
  log('stopped');
}
