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
  $ etcd-leader run jobs/mail -- ./send-mail.sh
  $ etcd-leader observe jobs/mail
  $ etcd-leader --endpoints 10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379 list
${EXIT_CODES}
  3    step-down: nobody leads; pool: no such worker, or no worker at all
  4    step-down: the leader does not answer
  124  run --wait: another host leads
  125  run itself has failed, not the command; see etcd-leader help run`;

export const RUN = `
THIS IS NOT "ONCE IN THE CLUSTER". The command runs on one host at a time. When it ends, the next
host runs it, and then the next one, for ever: run is made for a command that does not end by itself.
For a command that does, such as a nightly report, say --every 1d: then it runs once in each period
in the whole cluster, however many hosts wait.

The command gets ETCD_LEADER_TOKEN (the fencing token, greater than that of every leader before),
ETCD_LEADER_KEY and ETCD_LEADER_ELECTION. When leadership is lost, its process group gets SIGTERM,
and SIGKILL before the lease can expire; then this host queues again. When the command ends, the
next candidate leads at once. Signals that this process gets are passed on to the command.

--every: periods begin at multiples of their length since 1970 in UTC, so 1d begins at midnight UTC.
The leader claims a period in etcd, then starts the command, with ETCD_LEADER_PERIOD. A period is
claimed at most once: a run that fails, or whose host dies, is not repeated. With --once: exits when
the command has ended, or with 0 when the period had been claimed before; so it suits cron.

The command reads from and writes to this terminal, but is in a session of its own, so that whatever
it starts can be ended with it. On Linux that includes daemons, unless they were given or made for
themselves another environment (sudo, env -i, docker run, nginx): run those in the foreground. What
needs the terminal itself (job control, /dev/tty, a password prompt) takes --foreground; then only
the command is signalled, not what it has started.

Examples:
  $ etcd-leader run jobs/mail -- ./send-mail.sh --verbose
  $ etcd-leader run --every 1d reports -- sh -c 'report --fence "$ETCD_LEADER_TOKEN"'
  $ etcd-leader run --once --wait 0 migrations -- ./migrate.sh
  $ etcd-leader run --priority 10 --preempt 60 jobs/mail -- ./send-mail.sh
  $ etcd-leader run --ttl 5 --value "$POD_NAME" scheduler -- node scheduler.js

Exit codes:
  the command's own, with --once or when a signal has ended both
  124  --wait: another host led all the time
  125  etcd-leader itself has failed: a wrong flag, an unreadable certificate; with --wait,
       an etcd that does not answer, or a key that blocks the election
  126  the command is there and cannot be run
  127  the command is not there
  128+n  ended by signal n
Without --once it queues again when the command has ended, and goes on until it gets SIGTERM or
SIGINT. Without --wait, an etcd that does not answer is waited for.`;

export const OBSERVE = `
One line for each change of leader, until it is interrupted. An etcd that does not answer is
waited for.

Examples:
  $ etcd-leader observe jobs/mail
  $ etcd-leader observe jobs/mail --json | jq -r '.leader.value // "nobody"'
${EXIT_CODES}`;

export const CANDIDATES = `
LEASE TTL LEFT is how long a candidate stays in the queue if it dies now. A key that is no
candidate's, because an application has written it there, blocks the queue, and is marked.

Examples:
  $ etcd-leader candidates jobs/mail
  $ etcd-leader candidates jobs/mail --json | jq length
${EXIT_CODES}`;

export const HISTORY = `
Oldest first. Leaders with the option history (run --history 100) record their terms in etcd: when
they began and ended by the leader's own clock, and why. "<=" is a time at or before which a term
ended whose leader has told no more, because it has died or was cut off. Without such a record this
prints the order of leaders by etcd's revisions since the last compaction; these have no times. A
line on stderr says which of both it is.

Examples:
  $ etcd-leader history jobs/mail
  $ etcd-leader history jobs/mail --json | jq -r '.terms[] | select(.gap > 10000) | .from'
${EXIT_CODES}`;

export const LIST = `
Finds elections of every client that uses etcd's way of electing: this library, etcdctl elect, Go's
concurrency package, etcd3 (its names begin with election/). Pools follow: name, coordinator, workers.

Examples:
  $ etcd-leader list
  $ etcd-leader list jobs/
  $ etcd-leader list --json | jq -r '.[] | select(.election and .candidates < 2) | .election'
${EXIT_CODES}`;

export const TOP = `
A table of elections and pools: who leads with which token and since when, how many are in the queue,
how often the leader has changed in the last hour, and why the last term ended, as far as keys show.
">" before a time: it was so already when this program began to look.

Keys:
  arrows, j, k   choose        Enter   open: the queue and past terms, or a pool's partitions
  /              filter        Esc     back
  s, 1 to 6      sort          r       reverse
  q, Ctrl-C      quit

With --json, or where there is no terminal, it prints a line for every change instead, until it is
interrupted. An etcd that does not answer is waited for, also at the start, and that is shown.

Terms from before this program began are shown where leaders record them (run --history 100), each by
the clock of its leader.

Examples:
  $ etcd-leader top
  $ etcd-leader top jobs/
  $ etcd-leader top jobs/ --json | jq -r 'select(.leader == null) | .election'
${EXIT_CODES}`;

export const STEP_DOWN = `
Asks the leader, waits until another one leads, and says who that is. The leader ends its work first,
and only then gives its key away, so the work of two leaders never overlaps. With --to, those between
queue again behind the new leader. A leader that does not answer within 2 s (an older version, a
shared session, another client) leads on.

--force does not ask: it deletes the leader's key. The next candidate leads while the work of the old
leader still runs, and a leader of another client may not notice at all: only fencing tokens keep
them apart. A key that is no candidate's is never deleted.

Examples:
  $ etcd-leader step-down jobs/mail
  $ etcd-leader step-down jobs/mail --to web-2 --yes
  $ etcd-leader step-down jobs/mail --yes || etcd-leader step-down jobs/mail --yes --force
${EXIT_CODES}, or there is no terminal to ask on and no --yes
  3    nobody leads
  4    the leader does not answer, or is of another client: nothing is changed`;

export const POOL = `
OWNED is what a worker owns, PLANNED what it is to own. A drained worker hands its partitions over
and is given none, also after a restart under the same name. While a pool is paused nothing is moved
for balance; what nobody owns is given out all the same. A pool whose name is a command (drain,
undrain, pause, resume, show) is shown by pool show.

Examples:
  $ etcd-leader pool orders
  $ etcd-leader pool orders --partitions --json | jq -r '.[] | select(.owner == null) | .partition'
  $ etcd-leader pool orders --watch
  $ etcd-leader pool drain orders worker-9
  $ etcd-leader pool undrain orders worker-9
  $ etcd-leader pool pause orders
  $ etcd-leader pool resume orders
${EXIT_CODES}
  3    no worker is in the pool, or none of this name`;

export const SERVE = `
Read-only. The page is at /. For programs: /api/elections, /api/elections/<name>, /api/pools/<name>
as JSON, /api/events as server-sent events, /healthz, and /metrics (which takes the package prom-client).

/leader/<election> answers 200 when this host leads and 503 when not, as load balancers want it.
"This host" is the candidate that announces a text of --value; without --value, the candidate that
run announces by default, <hostname>:<pid>. /leader/<election>?value=<text> asks for another one.

Only programs on this machine can ask, unless --listen says otherwise. Then a token is needed, in
the file of --token-file or in ETCD_LEADER_SERVE_TOKEN; clients send it as
"Authorization: Bearer <token>", and the page asks for it. There is no TLS: put a proxy before it.

Examples:
  $ etcd-leader serve
  $ etcd-leader serve jobs/ --listen 0.0.0.0:8080 --token-file /run/secrets/token --value web-1
  $ curl -f http://127.0.0.1:8080/leader/jobs/mail?value=web-1
${EXIT_CODES}`;
