import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { IOptions } from 'etcd3';
import { CliError, EXIT } from './exit.js';

/** Files that hold PEM, as flags name them. */
export interface CertificateFiles {
  readonly cacert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Reads the files, and looks at what is in them: later gRPC would say what is wrong in the words of OpenSSL, without
 * the name of the file, or say nothing.
 *
 * @throws CliError
 */
export function certificates({ cacert, cert, key }: CertificateFiles): NonNullable<IOptions['credentials']> {
  const root = cacert === undefined ? undefined : read('--cacert', cacert);
  if (root !== undefined) certificatesIn('--cacert', cacert ?? '', root);
  const pair = cert === undefined || key === undefined ? undefined : pairOf(cert, key);
  try {
    createSecureContext({ ca: root, cert: pair?.certChain, key: pair?.privateKey });
  } catch (err) {
    const flags = pair === undefined ? '--cacert' : '--cert and --key';
    throw new CliError(EXIT.usage, `${flags} cannot be used: ${reasonOf(err)}`, { cause: err });
  }
  // etcd3's type requires a root certificate; without one the system's authorities are trusted.
  return { rootCertificate: root as Buffer, ...pair };
}

function pairOf(cert: string, key: string): { readonly certChain: Buffer; readonly privateKey: Buffer } {
  const certChain = read('--cert', cert);
  const privateKey = read('--key', key);
  const [first] = certificatesIn('--cert', cert, certChain);
  if (!first?.checkPrivateKey(keyIn(key, privateKey))) {
    throw new CliError(EXIT.usage, `--key: ${key} is not the key of the certificate in --cert ${cert}`);
  }
  return { certChain, privateKey };
}

function read(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (err) {
    throw new CliError(EXIT.usage, `${flag}: cannot read ${file} (${(err as Error).message})`, { cause: err });
  }
}

function certificatesIn(flag: string, file: string, pem: Buffer): X509Certificate[] {
  try {
    const found = pem
      .toString('latin1')
      .match(CERTIFICATE)
      ?.map((text) => new X509Certificate(text));
    if (found !== undefined) return found;
  } catch (err) {
    throw new CliError(EXIT.usage, `${flag}: ${file} holds a broken certificate: ${reasonOf(err)}`, { cause: err });
  }
  throw new CliError(EXIT.usage, `${flag}: ${file} holds no certificate in PEM`);
}

function keyIn(file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (err) {
    const isEncrypted = pem.includes('ENCRYPTED');
    const what = isEncrypted ? 'is encrypted: give a key without a passphrase' : 'holds no private key in PEM';
    throw new CliError(EXIT.usage, `--key: ${file} ${what}`, { cause: err });
  }
}

/** OpenSSL's own words, without its numbers: `error:05800074:x509 certificate routines::key values mismatch`. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/i.exec(text)?.[1] ?? text;
}
