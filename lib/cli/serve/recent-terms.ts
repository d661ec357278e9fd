import type { ElectionPicture, Picture } from '../../view/picture.js';

/** Which terms of an election a client wants: all that are known, or those that lasted within the last day. */
export type Terms = 'all' | 'day';

const DAY = 86_400_000;

/** What `?terms=` asks for; undefined: that cannot be asked for. */
export function termsAskedFor(query: URLSearchParams): Terms | undefined {
  const asked = query.getAll('terms');
  if (asked.length === 0) return 'all';
  return asked.length === 1 && (asked[0] === 'day' || asked[0] === 'all') ? asked[0] : undefined;
}

/** The picture with these terms. A long history has a hundred of them, and hardly any is of the last day. */
export function withTerms(picture: Picture, terms: Terms, now = Date.now()): Picture {
  if (terms === 'all') return picture;
  return { ...picture, elections: picture.elections.map((election) => recent(election, now - DAY)) };
}

/** Keeps the last term before the window, because nobody may have led since that term. */
function recent(election: ElectionPicture, since: number): ElectionPicture {
  const { terms } = election;
  const at = terms.findIndex(({ until }) => until === undefined || until.at >= since);
  const first = (at < 0 ? terms.length : at) - 1;
  return first <= 0 ? election : { ...election, terms: terms.slice(first) };
}
