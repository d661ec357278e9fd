import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { IOptions } from 'etcd3';
import { ElectionError } from '../errors.js';

/** Names of files that hold PEM. */
export interface CertificateFiles {
  /** The certificate authority of the servers. Without it the authorities that Node trusts are trusted. */
  readonly ca?: string | undefined;
  /** The certificate that the client shows, when etcd asks for one. Belongs to `key`. */
  readonly cert?: string | undefined;
  /** The private key of `cert`, without a passphrase. */
  readonly key?: string | undefined;
}

type Kind = keyof CertificateFiles;

/** What each file is called in messages: an option, or a flag of the command line. */
export type Names = Readonly<Record<Kind, string>>;

const OPTIONS: Names = { ca: '`tls.ca`', cert: '`tls.cert`', key: '`tls.key`' };

const KINDS: readonly Kind[] = ['ca', 'cert', 'key'];

/** What is in the files, as it was read; what etcd3 takes as `credentials`. */
export type Credentials = NonNullable<IOptions['credentials']>;

type Contents = Partial<Record<Kind, Buffer>>;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Reads the files, and looks at what is in them: later gRPC would say what is wrong in the words of OpenSSL, without
 * the name of the file, or say nothing.
 *
 * @throws ElectionError `INVALID_OPTION` when a file cannot be read or used
 */
export function readCertificatesNow(files: CertificateFiles, names = OPTIONS): Credentials {
  const contents: Contents = {};
  for (const [kind, file] of named(files)) {
    try {
      contents[kind] = readFileSync(file);
    } catch (err) {
      throw unreadable(names[kind], file, err);
    }
  }
  return checked(contents, files, names);
}

/** Reads the files as {@link readCertificatesNow} does, in the background. Rejects with the same errors. */
export async function readCertificates(files: CertificateFiles, names = OPTIONS): Promise<Credentials> {
  const contents: Contents = {};
  for (const [kind, file] of named(files)) {
    try {
      contents[kind] = await readFile(file);
    } catch (err) {
      throw unreadable(names[kind], file, err);
    }
  }
  return checked(contents, files, names);
}

export function areEqual(one: Credentials, other: Credentials): boolean {
  const same = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
    a === undefined || b === undefined ? a === b : a.equals(b);
  return (
    same(one.rootCertificate, other.rootCertificate) &&
    same(one.certChain, other.certChain) &&
    same(one.privateKey, other.privateKey)
  );
}

function named(files: CertificateFiles): (readonly [Kind, string])[] {
  return KINDS.flatMap((kind) => {
    const file = files[kind];
    return file === undefined ? [] : [[kind, file] as const];
  });
}

function checked({ ca, cert, key }: Contents, files: CertificateFiles, names: Names): Credentials {
  if (ca !== undefined) certificatesIn(names.ca, files.ca, ca);
  const pair = cert === undefined || key === undefined ? undefined : { certChain: cert, privateKey: key };
  if (pair !== undefined) {
    const [first] = certificatesIn(names.cert, files.cert, pair.certChain);
    if (!first?.checkPrivateKey(keyIn(names.key, files.key, pair.privateKey))) {
      throw invalid(`${names.key}: ${files.key} is not the key of the certificate in ${names.cert} ${files.cert}`);
    }
  }
  try {
    createSecureContext({ ca, cert: pair?.certChain, key: pair?.privateKey });
  } catch (err) {
    const which = pair === undefined ? names.ca : `${names.cert} and ${names.key}`;
    throw invalid(`${which} cannot be used: ${openSslReasonOf(err)}`, err);
  }
  // etcd3's type requires a root certificate; without one the authorities that Node trusts are trusted.
  return { rootCertificate: ca as Buffer, ...pair };
}

function certificatesIn(name: string, file: string | undefined, pem: Buffer): X509Certificate[] {
  try {
    const found = pem
      .toString('latin1')
      .match(CERTIFICATE)
      ?.map((text) => new X509Certificate(text));
    if (found !== undefined) return found;
  } catch (err) {
    throw invalid(`${name}: ${file} holds a broken certificate: ${openSslReasonOf(err)}`, err);
  }
  throw invalid(`${name}: ${file} holds no certificate in PEM`);
}

function keyIn(name: string, file: string | undefined, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (err) {
    const isEncrypted = pem.includes('ENCRYPTED');
    const what = isEncrypted ? 'is encrypted: give a key without a passphrase' : 'holds no private key in PEM';
    throw invalid(`${name}: ${file} ${what}`, err);
  }
}

function unreadable(name: string, file: string, err: unknown): ElectionError {
  return invalid(`${name}: cannot read ${file} (${(err as Error).message})`, err);
}

function invalid(message: string, cause?: unknown): ElectionError {
  return new ElectionError('INVALID_OPTION', message, cause === undefined ? {} : { cause });
}

/** OpenSSL's own words, without its numbers: `error:05800074:x509 certificate routines::key values mismatch`. */
export function openSslReasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/i.exec(text)?.[1] ?? text;
}
