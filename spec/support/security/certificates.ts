import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IOptions } from 'etcd3';
import type { TlsFiles } from '../cluster/http.js';
import { runCommand } from '../cluster/run.js';
import { findTool } from '../cluster/tools.js';

export type ClientCertificate = Required<NonNullable<IOptions['credentials']>>;

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const DAYS = ['-days', '2'];

/** One profile for both sides, because etcd's members also show their certificate as clients, to themselves. */
const profileOf = (address: string): string =>
  [`subjectAltName=IP:${address},DNS:localhost`, 'extendedKeyUsage=serverAuth,clientAuth'].join('\n');

/**
 * An authority of the specs' own, with the certificates that it has signed. They are made by the `openssl` command,
 * because Node cannot write certificates.
 */
export class Authority {
  /** The certificate of the authority itself, PEM. */
  readonly certificate: Buffer;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.certificate = readFileSync(join(folder, 'ca.pem'));
  }

  /** @throws when there is no openssl, or openssl fails */
  static async create(): Promise<Authority> {
    const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-ca-'));
    const files = ['-keyout', join(folder, 'ca.key'), '-out', join(folder, 'ca.pem')];
    await openssl('req', '-x509', ...NEW_KEY, ...DAYS, '-subj', '/CN=specs of etcd-leader', ...files);
    return new Authority(folder);
  }

  /** The certificate and key of a member that asks clients for theirs. */
  async member(): Promise<TlsFiles> {
    return { ca: join(this.#folder, 'ca.pem'), ...(await this.#sign('member')), clientAuth: true };
  }

  /** What etcd3 takes as `credentials`. etcd takes the client for the user whose name is the `CN`. */
  async client(commonName = 'client', address = '127.0.0.1'): Promise<ClientCertificate> {
    const { cert, key } = await this.#sign(commonName, address);
    return { rootCertificate: this.certificate, privateKey: readFileSync(key), certChain: readFileSync(cert) };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #sign(commonName: string, address = '127.0.0.1'): Promise<{ cert: string; key: string }> {
    const file = (type: string): string => join(this.#folder, `${commonName}.${type}`);
    writeFileSync(file('ext'), profileOf(address));
    await openssl('req', '-new', ...NEW_KEY, '-subj', `/CN=${commonName}`, '-keyout', file('key'), '-out', file('csr'));
    const authority = ['-CA', join(this.#folder, 'ca.pem'), '-CAkey', join(this.#folder, 'ca.key'), '-CAcreateserial'];
    const files = ['-in', file('csr'), '-out', file('pem'), '-extfile', file('ext')];
    await openssl('x509', '-req', ...authority, ...DAYS, ...files);
    return { cert: file('pem'), key: file('key') };
  }
}

async function openssl(...args: readonly string[]): Promise<void> {
  const { ok, output } = await runCommand(await findTool('openssl'), args);
  if (!ok) throw new Error(`openssl ${args[0]} failed: ${output}`);
}
