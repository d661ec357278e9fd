import { type CertificateFiles, readCertificatesNow } from '../etcd/certificate-files.js';
import { CliError, EXIT } from './exit.js';

const FLAGS = { ca: '--cacert', cert: '--cert', key: '--key' } as const;

/**
 * Looks at what is in the files, so that what is wrong is told by the name of the flag.
 *
 * @throws CliError
 */
export function checkCertificates(files: CertificateFiles): void {
  try {
    readCertificatesNow(files, FLAGS);
  } catch (err) {
    throw new CliError(EXIT.usage, (err as Error).message, { cause: err });
  }
}
