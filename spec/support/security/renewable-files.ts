import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { ClientCertificate } from './certificates.js';

/** Files of an authority, a certificate and a key, which are replaced as Kubernetes replaces those of a secret. */
export class RenewableFiles {
  /** The names of the files stay the same. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly #folder: string;
  #version = 0;

  constructor(first: ClientCertificate) {
    this.#folder = mkdtempSync(join(tmpdir(), 'etcd-leader-secret-'));
    this.renew(first);
    const link = (name: string): string => {
      symlinkSync(join('..data', name), join(this.#folder, name));
      return join(this.#folder, name);
    };
    this.ca = link('ca.crt');
    this.cert = link('tls.crt');
    this.key = link('tls.key');
  }

  /** All three at once: they lie in a folder of their own, and one symbolic link is exchanged. */
  renew({ rootCertificate, certChain, privateKey }: ClientCertificate): void {
    const folder = join(this.#folder, `..version-${++this.#version}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'ca.crt'), rootCertificate);
    writeFileSync(join(folder, 'tls.crt'), certChain);
    writeFileSync(join(folder, 'tls.key'), privateKey);
    symlinkSync(basename(folder), join(this.#folder, '..data_tmp'));
    renameSync(join(this.#folder, '..data_tmp'), join(this.#folder, '..data'));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
