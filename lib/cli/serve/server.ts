import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CliError, EXIT } from '../exit.js';
import { type ListenAddress, withPort } from './listen.js';

/** Connections at a time. Another one is closed at once. */
export const MOST_CONNECTIONS = 200;

/** Limits for clients that are slow, or mean harm. Times are milliseconds. */
const LIMITS = {
  /** Bytes. */
  maxHeaderSize: 8_192,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
} as const;

/** Milliseconds after which a connection is closed that passes no bytes on. Streams have a sign of life before. */
const QUIET_FOR = 30_000;

/** Milliseconds that answers under way have when the server is closed. */
const ENDS_WITHIN = 300;

/** The socket that listens, and the limits of what comes in. */
export class Server {
  readonly #http: HttpServer;

  constructor(answer: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#http = createServer(LIMITS, answer);
    this.#http.maxConnections = MOST_CONNECTIONS;
    this.#http.setTimeout(QUIET_FOR);
  }

  /** Resolves with the address, which has the port that the system chose for port 0. @throws CliError (rejects) */
  async listen({ host, port }: ListenAddress): Promise<string> {
    const http = this.#http;
    await new Promise<void>((resolve, reject) => {
      http.once('error', (err: NodeJS.ErrnoException) => {
        reject(
          new CliError(EXIT.failed, `cannot listen on ${withPort(host, port)}: ${listenFailure(err)}`, { cause: err }),
        );
      });
      http.listen({ host, port }, resolve);
    });
    return `http://${withPort(host, (http.address() as AddressInfo).port)}/`;
  }

  /** Takes no connection any more. Resolves when all are closed, by force if need be. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    const timer = setTimeout(() => this.#http.closeAllConnections(), ENDS_WITHIN);
    await closed;
    clearTimeout(timer);
  }
}

function listenFailure({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program listens there';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address';
    case 'EACCES':
      return 'this user may not listen there';
    default:
      return message;
  }
}
