import { grouped } from './groups.js';
import type { SitePage } from './pages.js';

/** A page that TypeDoc has made. */
export type ReferencePage = Pick<SitePage, 'place' | 'summary'>;

/** The index of the site for language models, as https://llmstxt.org describes it: a line for each page. */
export function llmsTxt(pages: readonly SitePage[], reference: readonly ReferencePage[], base = '/'): string {
  const overview = pages.find(({ file }) => file === 'README.md');
  const parts = [`# etcd-leader\n\n> ${overview?.summary ?? ''}`];
  for (const group of grouped(pages)) {
    const lines = group.pages.map((page) => lineOf(page.title, page, base));
    parts.push(`## ${group.text}\n\n${lines.join('\n')}`);
  }
  const lines = reference.map((page) => lineOf(nameOf(page.place), page, base));
  if (lines.length > 0) parts.push(`## Optional\n\n${lines.join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

/** All pages in one file, in the order of the sidebar. */
export function llmsFullTxt(pages: readonly SitePage[]): string {
  const texts = grouped(pages).flatMap((group) => group.pages.map(({ markdown }) => markdown.trim()));
  return `${texts.join('\n\n---\n\n')}\n`;
}

function lineOf(title: string, { place, summary }: ReferencePage, base: string): string {
  return `- [${title}](${base}${place})${summary === '' ? '' : `: ${summary}`}`;
}

/** `reference/metrics/interfaces/Detach.md` is Detach of etcd-leader/metrics. */
function nameOf(place: string): string {
  const [, entry = '', ...path] = place.replace(/(^|\/)index\.md$|\.md$/, '').split('/');
  const from = entry === '' || entry === 'index' ? 'etcd-leader' : `etcd-leader/${entry}`;
  const name = path.at(-1);
  if (name !== undefined) return `${name} of ${from}`;
  return entry === '' ? 'All types' : `Types of ${from}`;
}
