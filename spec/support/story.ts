interface Term {
  readonly fencingToken: bigint;
}

interface Failure {
  readonly code: string;
}

/** What a story is written from, such as an `Election`. */
export interface Narrator {
  on(event: 'elected', listener: (leadership: Term) => void): unknown;
  on(event: 'unelected', listener: (leadership: Term, reason: Failure) => void): unknown;
  on(event: 'leader', listener: (value: string | undefined) => void): unknown;
  on(event: 'suspended' | 'error', listener: (error: Failure) => void): unknown;
  on(event: 'resumed', listener: () => void): unknown;
}

export type Chapter = 'elected' | 'unelected' | 'leader' | 'suspended' | 'resumed' | 'error';

const BY_DEFAULT: readonly Chapter[] = ['elected', 'unelected'];

/**
 * Writes one election's events down as they happen: `'elected with token 42'`, `'unelected: LEASE_EXPIRED'`,
 * `'leader: b'`, `'leader: nobody'`, `'suspended: UNAVAILABLE'`, `'resumed'`, `'error: UNAVAILABLE'`.
 *
 * @param chapters the events to write down; by default those that begin and end a term
 */
export function record(election: Narrator, chapters: readonly Chapter[] = BY_DEFAULT): string[] {
  const story: string[] = [];
  write(election, chapters, (line, token) => story.push(token === undefined ? line : `${line} with token ${token}`));
  return story;
}

/**
 * Writes the events of several elections down in one story, each line led by the name: `'first elected'`,
 * `'first unelected: LEASE_EXPIRED'`, `'second elected'`. Real tokens differ from run to run and are left out.
 */
export function tell(
  elections: Readonly<Record<string, Narrator>>,
  chapters: readonly Chapter[] = BY_DEFAULT,
): string[] {
  const story: string[] = [];
  for (const [name, election] of Object.entries(elections)) {
    write(election, chapters, (line) => story.push(`${name} ${line}`));
  }
  return story;
}

function write(election: Narrator, chapters: readonly Chapter[], add: (line: string, token?: bigint) => unknown): void {
  const told = new Set(chapters);
  if (told.has('elected')) election.on('elected', ({ fencingToken }) => add('elected', fencingToken));
  if (told.has('unelected')) election.on('unelected', (_, { code }) => add(`unelected: ${code}`));
  if (told.has('leader')) election.on('leader', (value) => add(`leader: ${value ?? 'nobody'}`));
  if (told.has('suspended')) election.on('suspended', ({ code }) => add(`suspended: ${code}`));
  if (told.has('resumed')) election.on('resumed', () => add('resumed'));
  if (told.has('error')) election.on('error', ({ code }) => add(`error: ${code}`));
}
