import { grouped } from './groups.js';
import type { SitePage } from './pages.js';

/** The index of the site for language models, as https://llmstxt.org describes it: a line for each page. */
export function llmsTxt(pages: readonly SitePage[], reference: readonly string[], base = '/'): string {
  const overview = pages.find(({ file }) => file === 'README.md');
  const parts = [`# etcd-leader\n\n> ${overview?.summary ?? ''}`];
  for (const group of grouped(pages)) {
    const lines = group.pages.map(({ title, place, summary }) => {
      return `- [${title}](${base}${place})${summary === '' ? '' : `: ${summary}`}`;
    });
    parts.push(`## ${group.text}\n\n${lines.join('\n')}`);
  }
  const lines = reference.map((place) => `- [${nameOf(place)}](${base}${place})`);
  if (lines.length > 0) parts.push(`## Optional\n\n${lines.join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

/** All pages in one file, in the order of the sidebar. */
export function llmsFullTxt(pages: readonly SitePage[]): string {
  const texts = grouped(pages).flatMap((group) => group.pages.map(({ markdown }) => markdown.trim()));
  return `${texts.join('\n\n---\n\n')}\n`;
}

/** `reference/index/classes/Election.md` is the class Election. */
function nameOf(place: string): string {
  const [name = '', kind = ''] = place.replace(/\.md$/, '').split('/').reverse();
  return name === 'index' ? `reference: ${kind}` : name;
}
