import { useEffect, useState } from 'preact/hooks';
import type { ElectionJson, TermJson } from '../../../view/json.js';
import { joinedTerms } from './model/joined-terms.js';
import type { PageState } from './page-state.js';

/**
 * All terms of an election that is open, oldest first. The stream has those that a timeline shows; the server is asked
 * for the others, once for each change of the election.
 */
export function useAllTerms(state: PageState, election: ElectionJson): readonly TermJson[] {
  const [asked, setAsked] = useState<readonly TermJson[]>([]);
  useEffect(() => {
    const asking = new AbortController();
    const path = `/api/elections/${encodeURIComponent(election.name)}`;
    state.server?.read(path, asking.signal).then(
      (told) => setAsked((told as ElectionJson).terms),
      () => {}, // the state of the connection says what is wrong
    );
    return () => asking.abort();
  }, [state, election]);
  return joinedTerms(asked, election.terms);
}
