import { readFileSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate as well. @default false */
  readonly clientAuth?: boolean;
}

/** The body of the answer, whatever its status; nothing stays open after it. */
export function get(url: string, tls?: TlsFiles, within = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const common = { agent: false as const, signal: AbortSignal.timeout(within), headers: { connection: 'close' } };
    const request =
      tls === undefined
        ? httpGet(url, common)
        : httpsGet(url, {
            ...common,
            ca: readFileSync(tls.ca),
            cert: readFileSync(tls.cert),
            key: readFileSync(tls.key),
          });
    request.on('error', reject);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => {
        request.destroy();
        resolve(body);
      });
      response.on('error', reject);
    });
  });
}
