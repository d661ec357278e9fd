import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What is sent with every answer. The page runs only its own script and style, and speaks only to this server. */
const ALWAYS: OutgoingHttpHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

const NO_STORE = { 'cache-control': 'no-store' };

/** Whether the answer to this request has a body. */
export function hasBody({ req }: ServerResponse): boolean {
  return req.method !== 'HEAD' && req.method !== 'OPTIONS';
}

export function send(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Buffer = '',
): void {
  // An answer to HEAD tells the length of what GET would bring; one to OPTIONS has no body, and says so.
  const length = response.req.method === 'OPTIONS' ? 0 : Buffer.byteLength(body);
  const sized = status === 304 ? {} : { 'content-length': length };
  response.writeHead(status, { ...ALWAYS, ...NO_STORE, ...sized, ...headers });
  response.end(hasBody(response) ? body : undefined);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  data: object,
  headers: OutgoingHttpHeaders = {},
): void {
  send(response, status, { ...headers, 'content-type': 'application/json; charset=utf-8' }, `${jsonOf(data)}\n`);
}

/** Begins an answer that goes on. */
export function begin(response: ServerResponse, headers: OutgoingHttpHeaders): void {
  response.writeHead(200, { ...ALWAYS, ...NO_STORE, ...headers });
}

/** JSON in one line, without the character that begins a tag: it is no HTML, whoever may take it for some. */
export function jsonOf(data: object): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}
