import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { TcpProxy } from './support/proxy/proxy.js';
import { tracked } from './support/track.js';
import { pause, until } from './support/wait.js';

/** Answers every chunk with the same text in capitals. */
async function shouter(): Promise<{ readonly host: string; readonly heard: string[]; stop(): Promise<void> }> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard.push(String(chunk));
      socket.write(String(chunk).toUpperCase());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    host: `http://127.0.0.1:${port}`,
    heard,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A client that writes down what it receives: text, `'end'`, `'reset'`. */
async function dial(
  host: string | undefined,
): Promise<{ say(text: string): void; read(): string; gone(): string | undefined; end(): void; stop(): void }> {
  const socket = connect(Number(new URL(host ?? '').port), '127.0.0.1');
  let text = '';
  let gone: string | undefined;
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.on('end', () => {
    gone ??= 'end';
  });
  socket.on('error', () => {
    gone ??= 'reset';
  });
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
  return {
    say: (line) => socket.write(line),
    read: () => text,
    gone: () => gone,
    end: () => socket.end(),
    stop: () => socket.destroy(),
  };
}

describe('the TCP proxy', () => {
  let server: Awaited<ReturnType<typeof shouter>>;
  let proxy: TcpProxy;

  beforeEach(async () => {
    server = tracked(await shouter());
    proxy = tracked(await TcpProxy.to([server.host]));
  });

  const client = async (): Promise<Awaited<ReturnType<typeof dial>>> => {
    const opened = tracked(await dial(proxy.hosts[0]));
    return opened;
  };
  const answered = async (who: Awaited<ReturnType<typeof dial>>, text: string): Promise<void> => {
    await until(() => who.read() === text, { what: `the answer ${text}` });
  };
  /** Waits long enough for anything that is not held back to arrive on loopback. */
  const stillSilent = async (who: Awaited<ReturnType<typeof dial>>, text: string): Promise<void> => {
    const other = tracked(await dial(server.host));
    for (let i = 1; i <= 3; i++) {
      other.say('x');
      await until(() => other.read().length === i, { what: 'a direct answer' });
    }
    expect([who.read(), who.gone()]).to.deep.equal([text, undefined]);
  };

  it('passes bytes on in both directions', async () => {
    const a = await client();
    a.say('hello');
    await answered(a, 'HELLO');
    expect(proxy.connections.map((c) => c.forwarded)).to.deep.equal([{ requests: 5, replies: 5 }]);
  });

  it('resets open connections and new ones when cut, until restored', async () => {
    const a = await client();
    a.say('a');
    await answered(a, 'A');
    proxy.cut();
    await until(() => a.gone() === 'reset', { what: 'the reset' });
    const b = await client();
    await until(() => b.gone() === 'reset', { what: 'the reset of a new connection' });

    proxy.restore();
    const c = await client();
    c.say('c');
    await answered(c, 'C');
  });

  it('cuts only the connections that are open when asked to', async () => {
    const a = await client();
    await until(() => proxy.connections.length === 1, { what: 'the connection' });
    proxy.cut({ on: 'existing' });
    await until(() => a.gone() === 'reset', { what: 'the reset' });
    const b = await client();
    b.say('b');
    await answered(b, 'B');
  });

  it('keeps silent as a black hole, and delivers everything afterwards', async () => {
    const a = await client();
    a.say('a');
    await answered(a, 'A');
    proxy.blackhole();
    const b = await client();
    a.say('1');
    b.say('2');
    await stillSilent(a, 'A');
    await stillSilent(b, '');
    expect(server.heard.filter((text) => text !== 'x')).to.deep.equal(['a']);

    proxy.restore();
    await answered(a, 'A1');
    await answered(b, '2');
  });

  it('does not tell through a black hole that a side has gone', async () => {
    const a = await client();
    a.say('a');
    await answered(a, 'A');
    proxy.blackhole();
    await server.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(a.gone()).to.equal(undefined);
    proxy.restore();
    await until(() => a.gone() !== undefined, { what: 'the end' });
    server = tracked(await shouter());
  });

  it('can be silent in the direction of the replies alone', async () => {
    const a = await client();
    a.say('a');
    await answered(a, 'A');
    proxy.halfOpen('replies');
    a.say('b');
    await until(() => server.heard.includes('b'), { what: 'the request' });
    await stillSilent(a, 'A');
    proxy.restore();
    await answered(a, 'AB');
  });

  it('can be silent in the direction of the requests alone', async () => {
    const a = await client();
    a.say('a');
    await answered(a, 'A');
    proxy.halfOpen('requests');
    a.say('b');
    await stillSilent(a, 'A');
    expect(server.heard).not.to.include('b');
    proxy.restore();
    await answered(a, 'AB');
  });

  it('delays each direction and keeps the order when the delay changes', async () => {
    const a = await client();
    proxy.delay(60);
    const start = performance.now();
    a.say('1');
    await until(() => proxy.connections.length === 1 && server.heard.length === 0, { what: 'the connection' });
    await new Promise((resolve) => setTimeout(resolve, 10));
    proxy.delay(0);
    a.say('2');
    await answered(a, '12');
    expect(performance.now() - start).to.be.at.least(59);

    proxy.delay(50);
    const again = performance.now();
    a.say('3');
    await answered(a, '123');
    expect(performance.now() - again).to.be.at.least(99);
  });

  it('loses replies to requests that are carried out, then the connections', async () => {
    const a = await client();
    a.say('a');
    await answered(a, 'A');
    const lost = proxy.loseReplies();
    a.say('b');
    await until(() => server.heard.includes('b'), { what: 'the request' });
    const b = await client();
    b.say('c');
    await answered(b, 'C');
    expect(a.read()).to.equal('A');

    lost.cut();
    await until(() => a.gone() === 'reset', { what: 'the reset' });
    b.say('d');
    await answered(b, 'CD');
  });

  it('puts a fault on one member or one connection alone', async () => {
    const two = tracked(await TcpProxy.to([server.host, server.host]));
    const a = tracked(await dial(two.hosts[0]));
    const b = tracked(await dial(two.hosts[1]));
    const c = tracked(await dial(two.hosts[1]));
    await until(() => two.connections.length === 3, { what: 'the connections' });
    two.gates[0]?.blackhole();
    two.gates[1]?.connections[0]?.cut();
    await until(() => b.gone() === 'reset', { what: 'the reset' });
    a.say('a');
    c.say('c');
    await answered(c, 'C');
    expect(a.read()).to.equal('');
  });

  it('passes megabytes on unchanged', async () => {
    const a = await client();
    const text = 'abcdefghij'.repeat(300_000);
    proxy.delay(1);
    a.say(text);
    await until(() => a.read().length === text.length, { what: 'the answer' });
    expect(a.read() === text.toUpperCase()).to.equal(true);
  });

  it('leaves nothing open of a connection whose client has gone meanwhile', async () => {
    const a = await client();
    a.say('a');
    await answered(a, 'A');
    proxy.blackhole();
    a.end();
    await pause(20); // the end has arrived, and is held back
    proxy.restore();
    proxy.cut(); // while the end is being passed on
    expect(proxy.connections).to.deep.equal([]);
  });

  it('passes an orderly end on', async () => {
    const a = await client();
    a.say('a');
    await answered(a, 'A');
    await server.stop();
    await until(() => a.gone() !== undefined, { what: 'the end' });
    await until(() => proxy.connections.length === 0, { what: 'the connection to be forgotten' });
    server = tracked(await shouter());
  });
});
