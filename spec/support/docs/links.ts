import { existsSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { outsideCode, ROOT, readPage } from './pages.js';

/** A link or an image of a page. */
export interface PageLink {
  /** As it stands in the page: `api.md#election`. */
  readonly target: string;
  /** From 1. */
  readonly line: number;
}

const FENCE = /^ *```[^\n]*\n[\s\S]*?^ *```$/;
const CODE_SPAN = /(`+)(?!`)(?:(?!\n\n)[\s\S])*?(?<!`)\1(?!`)/;
/** What stands before a target, and the target: of a link or an image, of a definition of a link, of an HTML tag. */
const LINK = /(\]\(|^\[[^\]\n]+\]: |\b(?:href|src)=")([^)\s"]+)/;
/** Code comes first, because what looks like a link in code is none. */
const CODE_OR_LINK = new RegExp([FENCE, CODE_SPAN, LINK].map(({ source }) => source).join('|'), 'gm');

/** The same page, each target replaced by what `change` makes of it. Code stays as it is. */
export function withLinks(markdown: string, change: (target: string, line: number) => string): string {
  return markdown.replace(CODE_OR_LINK, (whole, _marks, before?: string, target?: string, at?: number) => {
    if (before === undefined || target === undefined || at === undefined) return whole;
    return `${before}${change(target, markdown.slice(0, at).split('\n').length)}`;
  });
}

export function linksIn(markdown: string): PageLink[] {
  const links: PageLink[] = [];
  withLinks(markdown, (target, line) => {
    links.push({ target, line });
    return target;
  });
  return links;
}

/** Whether a link leads out of the project. */
export function isExternal(target: string): boolean {
  return /^[a-z][a-z+.-]*:|^\/\//i.test(target);
}

/** The file or folder that a link of a page leads to, as a path from the project's folder. */
export function fileOf(page: string, target: string): string {
  const [path = ''] = target.split('#');
  return path === '' ? page : posix.join(dirname(page), decodeURI(path)).replace(/\/$/, '');
}

/** The files of the project that a page links to or shows, as paths from the project's folder. */
export function linkedFiles(page: string, markdown = readPage(page)): string[] {
  return linksIn(markdown)
    .map(({ target }) => target)
    .filter((target) => !isExternal(target) && !target.startsWith('#'))
    .map((target) => fileOf(page, target));
}

/** Links of a page that lead nowhere: `docs/api.md:12: no file docs/nothing.md`. */
export function brokenLinks(page: string, markdown = readPage(page)): string[] {
  return linksIn(markdown).flatMap(({ target, line }) => {
    if (isExternal(target)) return [];
    const [file, anchor] = [fileOf(page, target), target.split('#')[1]];
    if (target.startsWith('/') || file.startsWith('..')) return [`${page}:${line}: ${target} leaves the project`];
    if (file !== page && !existsSync(join(ROOT, file))) return [`${page}:${line}: no file ${file}`];
    if (anchor === undefined) return [];
    const anchors = file === page ? anchorsOf(markdown) : anchorsOfFile(file);
    return anchors.has(anchor) ? [] : [`${page}:${line}: no heading #${anchor} in ${file}`];
  });
}

/** The anchor of a heading, made as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** Anchors of the headings; a heading that comes again gets a number. */
function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, text = ''] of outsideCode(markdown).matchAll(/^#+ (.+)$/gm)) {
    const anchor = anchorOf(text);
    let unique = anchor;
    for (let again = 1; anchors.has(unique); again++) unique = `${anchor}-${again}`;
    anchors.add(unique);
  }
  return anchors;
}

function anchorsOfFile(file: string): Set<string> {
  return statSync(join(ROOT, file)).isFile() ? anchorsOf(readPage(file)) : new Set();
}
