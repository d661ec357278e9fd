import type { SitePage } from './pages.js';

export interface Group {
  readonly text: string;
  /** Files of the project, in the order in which a newcomer reads them. A folder stands for the pages in it. */
  readonly pages: readonly string[];
}

/** The sidebar. A page that is not there yet is left out; a page that is not listed stands in the last group. */
export const GROUPS: readonly Group[] = [
  { text: 'Start here', pages: ['README.md', 'docs/how-it-works.md', 'docs/api.md', 'docs/guarantees.md'] },
  {
    text: 'Locks, pools, periods',
    pages: ['docs/lock.md', 'docs/pool.md', 'docs/pool-queues.md', 'docs/once-per-period.md'],
  },
  {
    text: 'In production',
    pages: [
      'docs/operations.md',
      'docs/cli.md',
      'docs/serve.md',
      'docs/metrics.md',
      'docs/performance.md',
      'docs/compatibility.md',
    ],
  },
  {
    text: 'In your program',
    pages: [
      'docs/bundling.md',
      'docs/testing-your-application.md',
      'docs/cron.md',
      'docs/threads.md',
      'docs/nestjs.md',
      'docs/opentelemetry.md',
      'examples/',
    ],
  },
  { text: 'Coming from', pages: ['docs/coming-from/', 'docs/migrating.md'] },
  {
    text: 'The project',
    pages: [
      'docs/glossary.md',
      'docs/architecture.md',
      'docs/testing.md',
      'docs/testing-chaos.md',
      'CHANGELOG.md',
      'SECURITY.md',
      'CONTRIBUTING.md',
    ],
  },
];

const LAST = 'More';

/** The groups that have pages, each page in exactly one of them. */
export function grouped(pages: readonly SitePage[]): { text: string; pages: SitePage[] }[] {
  const left = new Map(pages.map((page) => [page.file, page]));
  const take = (listed: string): SitePage[] => {
    const files = [...left.keys()].filter((file) => (listed.endsWith('/') ? file.startsWith(listed) : file === listed));
    return files.flatMap((file) => {
      const page = left.get(file);
      left.delete(file);
      return page ?? [];
    });
  };
  const groups = GROUPS.map(({ text, pages: listed }) => ({ text, pages: listed.flatMap(take) }));
  return [...groups, { text: LAST, pages: [...left.values()] }].filter(({ pages: some }) => some.length > 0);
}

/** The address of a place on the site, below its base: `/coming-from/client-go`, `/examples/`. */
export function addressOfText(place: string): string {
  return `/${place.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`;
}
