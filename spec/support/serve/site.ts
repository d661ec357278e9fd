import { AccessToken } from '../../../lib/cli/serve/access-token.js';
import { valuesOfHost } from '../../../lib/cli/serve/leader.js';
import { Site, type SiteOptions } from '../../../lib/cli/serve/site.js';
import { SystemClock } from '../../../lib/common/time.js';
import { tracked } from '../track.js';
import { FakeView } from './fake-view.js';

/** What went wrong in answers of the present spec. */
const failures: unknown[] = [];

/** A spec fails when the site could not answer. */
export function failuresOfSites(): unknown[] {
  return failures.splice(0);
}

export const SECRET = 'a-secret-of-the-spec-0123456789';

/** A site in this process, on a view that the spec draws. */
export async function openSite(options: Partial<SiteOptions> & { readonly secret?: string } = {}): Promise<{
  readonly url: string;
  readonly view: FakeView;
  readonly site: Site;
  /** Resolves when the view has started. */
  readonly following: Promise<void>;
}> {
  const view = (options.view as FakeView | undefined) ?? new FakeView();
  const site = await Site.create({
    clock: new SystemClock(),
    ask: () => Promise.resolve(),
    vouchFor: 5_000,
    address: '127.0.0.1',
    hosts: [],
    isHere: valuesOfHost(['web-1']),
    describe: ({ error }) => `described: ${error.code}`,
    changed: () => {},
    refused: () => {},
    failed: (error) => failures.push(error),
    token: options.secret === undefined ? undefined : new AccessToken(options.secret),
    ...options,
    view,
  });
  tracked(site);
  const url = await site.listen({ host: '127.0.0.1', port: 0, isLoopback: true });
  const following = site.follow();
  if (options.view === undefined) await following;
  return { url, view, site, following };
}
