/** What `--help` says after the list of flags. Examples come first, because people look for them. */

const EXIT_CODES = `
Exit codes:
  0    done
  1    etcd does not answer or refuses; one line on stderr says why
  2    a flag or an argument is wrong`;

export const PROGRAM = `
Flags and environment variables are those of etcdctl. Endpoints without a scheme are spoken to
over TLS when certificates are given.

Examples:
  $ etcd-leader run jobs/nightly -- ./nightly.sh
  $ etcd-leader observe jobs/nightly
  $ etcd-leader --endpoints 10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379 list
${EXIT_CODES}
  3    step-down: nobody leads
  125  run itself has failed, not the command; see etcd-leader help run`;

export const RUN = `
The command gets ETCD_LEADER_TOKEN (the fencing token, greater than that of every leader before),
ETCD_LEADER_KEY and ETCD_LEADER_ELECTION. When leadership is lost, its process group gets SIGTERM,
and SIGKILL before the lease can expire; then this host queues again. When the command ends, the
next candidate leads at once. Signals that this process gets are passed on to the command.

The command reads from and writes to this terminal, but is in a session of its own, so that whatever
it starts can be ended with it. What needs the terminal itself (job control, /dev/tty, a password
prompt) takes --foreground; then only the command is signalled, not what it has started.

Examples:
  $ etcd-leader run jobs/nightly -- ./nightly.sh --verbose
  $ etcd-leader run --once migrations -- sh -c 'migrate --fence "$ETCD_LEADER_TOKEN"'
  $ etcd-leader run --ttl 5 --value "$POD_NAME" scheduler -- node scheduler.js

Exit codes:
  the command's own, with --once or when a signal has ended both
  125  etcd-leader itself has failed: a wrong flag, an unreadable certificate
  126  the command is there and cannot be run
  127  the command is not there
  128+n  ended by signal n
Without --once it queues again when the command has ended, and goes on until it gets SIGTERM or
SIGINT. An etcd that does not answer is waited for.`;

export const OBSERVE = `
One line for each change of leader, until it is interrupted. An etcd that does not answer is
waited for.

Examples:
  $ etcd-leader observe jobs/nightly
  $ etcd-leader observe jobs/nightly --json | jq -r '.leader.value // "nobody"'
${EXIT_CODES}`;

export const CANDIDATES = `
LEASE TTL LEFT is how long a candidate stays in the queue if it dies now.

Examples:
  $ etcd-leader candidates jobs/nightly
  $ etcd-leader candidates jobs/nightly --json | jq length
${EXIT_CODES}`;

export const LIST = `
Finds elections of every client that uses etcd's way of electing: this library, etcdctl elect, Go's
concurrency package, etcd3 (its names begin with election/).

Examples:
  $ etcd-leader list
  $ etcd-leader list jobs/
  $ etcd-leader list --json | jq -r '.[] | select(.candidates < 2) | .election'
${EXIT_CODES}`;

export const STEP_DOWN = `
Deletes the leader's key. A leader of this library notices, stops its work and queues again at the
end; one of another client may not notice. What the old leader still does and what the new one begins
can overlap for a moment: only fencing tokens keep them apart.

Examples:
  $ etcd-leader step-down jobs/nightly
  $ etcd-leader step-down jobs/nightly --yes
${EXIT_CODES}, or there is no terminal to ask on and no --yes
  3    nobody leads`;
