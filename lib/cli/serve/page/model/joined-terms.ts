import type { TermJson } from '../../../../view/json.js';

/** Terms that the server was asked for, with those of the stream: what the stream says counts more, and is newer. */
export function joinedTerms(asked: readonly TermJson[], streamed: readonly TermJson[]): readonly TermJson[] {
  const ids = new Set(streamed.map(termId));
  return [...asked.filter((term) => !ids.has(termId(term))), ...streamed];
}

/** A token alone may stand in two histories: that of an etcd, and that of its restored backup. */
export function termId({ fencingToken, leaseId }: TermJson): string {
  return `${fencingToken}.${leaseId}`;
}
