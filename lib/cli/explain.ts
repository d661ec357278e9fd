import { ElectionError } from '../errors.js';
import { openSslReasonOf } from '../etcd/certificate-files.js';
import { ROLE } from '../etcd/errors.js';
import { RequestRefused, StaleAnswer } from '../store/store.js';
import { visible } from './output.js';

/** One line that says what is wrong with etcd and how to mend it, without the words of gRPC and etcd3. */
export function explain(error: unknown, endpoints: string): string {
  if (!(error instanceof ElectionError)) return visible(error instanceof Error ? error.message : String(error));
  switch (error.code) {
    case 'UNAVAILABLE': {
      if (error instanceof StaleAnswer)
        return `etcd answers with an older state than before at ${endpoints} (${STALE})`;
      const what = error instanceof RequestRefused ? 'refuses the request at' : 'does not answer at';
      return withHint(`etcd ${what} ${endpoints}`, reasonOf(error), UNAVAILABLE, endpoints);
    }
    case 'PERMISSION_DENIED':
      return withHint('etcd refuses this user', reasonOf(error), DENIED);
    case 'INVALID_OPTION':
      return visible(error.message.replace(/^`(\w+)`/, (all, name: string) => FLAGS[name] ?? all));
    default:
      return visible(error.message);
  }
}

/** Why etcd answers so. */
const STALE = 'it was restored or emptied, or has a fault of releases before 3.4.42, 3.5.28 and 3.6.9';

/** What the options of the library are called here. */
const FLAGS: Readonly<Record<string, string>> = {
  ttl: '--ttl',
  value: '--value',
  priority: '--priority',
  preempt: '--preempt',
  history: '--history',
  hosts: '--endpoints',
  name: 'the name of the election',
};

/** A reason, and what mends it. */
type Hints = readonly (readonly [reason: RegExp, hint: (endpoints: string) => string])[];

const UNAVAILABLE: Hints = [
  [/database space exceeded/, () => 'its quota is used up; compact and defragment it, then say etcdctl alarm disarm'],
  [/before secure TLS connection|wrong version number|packet length too long/, () => NO_TLS],
  // What has no TLS may close the connection before it answers.
  [/^read ECONNRESET$/, (endpoints) => (endpoints.includes('https:') ? `perhaps ${NO_TLS}` : '')],
  [/^Failed to connect$/, () => 'if it wants TLS, say https:// or give --cacert'],
  [/self.signed certificate|unable to (verify|get)/i, () => 'give the authority of its certificate by --cacert'],
  [/does not match certificate's altnames/, () => '--endpoints must name it as its certificate does'],
  [/certificate has expired/, () => 'its certificate must be renewed'],
  [
    /alert|certificate required/,
    () => 'does it want a client certificate of another authority? --cert and --key give one',
  ],
  [/^no reason given$/, proxyHint],
];
const NO_TLS = 'it speaks no TLS there; say http://, or leave --cacert, --cert and --key out';

const DENIED: Hints = [
  [/authentication failed/i, () => 'the user or the password is wrong; see --user and --password'],
  [/user name is empty/i, () => 'it asks for a user; give --user'],
  [/is not enabled/i, () => 'it knows no users; leave --user out'],
  [/token|auth store/i, () => 'it does not accept its own token; do its members agree on time and keys?'],
  [/./, () => NO_ROLE],
];
const NO_ROLE = `it needs ${ROLE}; to look at them, \`read\` will do`;

/** gRPC asks by way of a proxy when one of these variables is set, and does not say why the proxy refuses. */
function proxyHint(): string {
  const variable = ['grpc_proxy', 'https_proxy', 'http_proxy'].find((name) => process.env[name]);
  if (variable === undefined) return '';
  return `it is asked through the proxy that ${variable} names; no_proxy names the hosts that need none`;
}

function withHint(what: string, reason: string, hints: Hints, endpoints = ''): string {
  const hint = hints.find(([pattern]) => pattern.test(reason))?.[1](endpoints) ?? '';
  return `${what} (${reason})${hint === '' ? '' : `: ${hint}`}`;
}

/** The reason itself, without what gRPC and etcd3 wrap around it. */
function reasonOf(error: ElectionError): string {
  const { cause } = error;
  const text = cause instanceof Error ? cause.message : error.message;
  const bare = text
    .replace(/^\d+ [A-Z_]+: /, '')
    .replace(/^No connection established\. Last error: /, '')
    .replace(/^Error( \[\w+\])?: /, '')
    .replace(/^etcdserver: /, '')
    .replace(/\. Resolution note:.*$/s, '')
    .replace(/ \(\d{4}-\d\d-\d\dT[^)]*\)/, '')
    .trim();
  return visible(bare === 'undefined' || bare === '' ? 'no reason given' : openSslReasonOf(new Error(bare)));
}
