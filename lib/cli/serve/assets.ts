import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { send, sendJson } from './reply.js';

/** The page's own files, beside the compiled program. */
const FOLDER = fileURLToPath(new URL('./page', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/vnd.microsoft.icon',
};

interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

/** The page and its files, read once. A request names a file and no path, so no path leads anywhere else. */
export class Assets {
  readonly #files = new Map<string, Asset>();

  constructor(folder = FOLDER) {
    for (const name of readdirSync(folder)) {
      const type = TYPES[extname(name)];
      if (type === undefined) continue;
      const body = readFileSync(join(folder, name));
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      this.#files.set(name, { type, body, etag });
    }
  }

  answer(response: ServerResponse, name: string): void {
    const asset = this.#files.get(name);
    if (asset === undefined) return sendJson(response, 404, { error: 'there is no such file' });
    const headers = { 'content-type': asset.type, 'cache-control': 'no-cache', etag: asset.etag };
    if (response.req.headers['if-none-match'] === asset.etag) {
      return send(response, 304, headers);
    }
    send(response, 200, headers, asset.body);
  }
}
