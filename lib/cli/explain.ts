import { ElectionError } from '../errors.js';
import { visible } from './output.js';

/** One line that says what is wrong with etcd, without the words of gRPC and etcd3. */
export function explain(error: unknown, endpoints: string): string {
  if (!(error instanceof ElectionError)) return visible(error instanceof Error ? error.message : String(error));
  switch (error.code) {
    case 'UNAVAILABLE':
      return `etcd does not answer at ${endpoints} (${reasonOf(error)})`;
    case 'PERMISSION_DENIED':
      return `etcd refuses this user (${reasonOf(error)})`;
    default:
      return visible(error.message);
  }
}

/** The reason itself, without what gRPC and etcd3 wrap around it. */
function reasonOf(error: ElectionError): string {
  const { cause } = error;
  const text = cause instanceof Error ? cause.message : error.message;
  return visible(
    text
      .replace(/^\d+ [A-Z_]+: /, '')
      .replace(/^No connection established\. Last error: (Error: )?/, '')
      .replace(/^etcdserver: /, '')
      .replace(/\. Resolution note:.*$/s, '')
      .replace(/ \(\d{4}-\d\d-\d\dT[^)]*\)/, '')
      .trim(),
  );
}
