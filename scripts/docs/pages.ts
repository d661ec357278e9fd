import { statSync } from 'node:fs';
import { extname, join, posix } from 'node:path';
import { fileOf, isExternal, linkedFiles, withLinks } from '../../spec/support/docs/links.js';
import { outsideCode, pages, ROOT, readPage } from '../../spec/support/docs/pages.js';

/** A page of the site. */
export interface SitePage {
  /** The file of the project: `docs/api.md`. */
  readonly file: string;
  /** The same page on the site: `api.md`. */
  readonly place: string;
  readonly title: string;
  /** What the page is about, in one line. */
  readonly summary: string;
  /** As the site has it: links lead to places of the site. */
  readonly markdown: string;
}

/** Files that a page shows or offers, and that go to the site as they are. */
const AS_THEY_ARE = new Set(['.svg', '.png', '.jpg', '.gif', '.webp', '.json']);

/** Where a file of the project is on the site. */
export function placeOfPage(file: string): string {
  const path = file.replace(/^docs\//, '');
  const folder = posix.dirname(path);
  if (posix.basename(path) === 'README.md') return posix.join(folder, 'index.md');
  if (path.endsWith('.md')) return folder === '.' ? path.toLowerCase() : path;
  return isAsItIs(path) ? path : `${path.replaceAll('.', '-')}.md`;
}

/** The pages of the project, in no order that means anything. */
export function sitePages(): SitePage[] {
  return pages().map((file) => sitePage(file, readPage(file)));
}

export function sitePage(file: string, text: string): SitePage {
  const title = /^# (.+)$/m.exec(outsideCode(text))?.[1] ?? file;
  const markdown = withLinks(text, (target) => onSite(file, target));
  return { file, place: placeOfPage(file), title: withoutMarks(title), summary: firstSentence(text), markdown };
}

/** The programs and manifests that pages link to: the site shows each as a page with its text. */
export function sourcePages(): SitePage[] {
  const files = linked().filter((file) => !file.endsWith('.md') && !isAsItIs(file));
  return files.map((file) => {
    const text = readPage(file);
    const markdown = `# ${posix.basename(file)}\n\n\`\`\`\`${extname(file).slice(1)}\n${text.trimEnd()}\n\`\`\`\`\n`;
    return { file, place: placeOfPage(file), title: file, summary: '', markdown };
  });
}

/** Files that go to the site as they are: pictures, the dashboard. */
export function siteAssets(): string[] {
  return linked().filter(isAsItIs);
}

function linked(): string[] {
  const files = new Set(pages().flatMap((page) => linkedFiles(page)));
  return [...files].filter((file) => statSync(join(ROOT, file)).isFile()).sort();
}

function isAsItIs(file: string): boolean {
  return AS_THEY_ARE.has(extname(file));
}

/** The same link, from the place of the page to the place of what the link leads to. */
function onSite(page: string, target: string): string {
  if (isExternal(target) || target.startsWith('#')) return target;
  const [, anchor] = target.split('#');
  let file = fileOf(page, target);
  if (statSync(join(ROOT, file), { throwIfNoEntry: false })?.isDirectory() === true)
    file = posix.join(file, 'README.md');
  const path = posix.relative(posix.dirname(placeOfPage(page)), placeOfPage(file));
  return `${path.startsWith('.') ? '' : './'}${path}${anchor === undefined ? '' : `#${anchor}`}`;
}

/** The first sentence between the title and the next heading; where there is none, the headings. */
export function firstSentence(text: string): string {
  const [, ...parts] = outsideCode(text.slice(text.search(/^# /m))).split(/\n{2,}/);
  const next = parts.findIndex((part) => part.startsWith('#'));
  const first = parts.slice(0, next < 0 ? parts.length : next).find((part) => /^[\w`"[]/.test(part));
  if (first !== undefined) {
    const line = withoutMarks(first.replaceAll('\n', ' '));
    return /^.+?[.:](?= |$)/.exec(line)?.[0].replace(/:$/, '.') ?? line;
  }
  const headings = [...outsideCode(text).matchAll(/^## (.+)$/gm)].map(([, heading = '']) => withoutMarks(heading));
  return headings.length === 0 ? '' : `${headings.join('; ')}.`;
}

function withoutMarks(text: string): string {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
}
