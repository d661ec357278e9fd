/**
 * Makes the site of the documentation in site/html: the pages of the project, TypeDoc's reference, a search index, and
 * llms.txt. It needs no network. A link that leads nowhere is a failure. `DOCS_BASE` is the path that the site is
 * served under.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brokenLinks } from '../spec/support/docs/links.js';
import { pages, ROOT } from '../spec/support/docs/pages.js';
import { faultsOfSite } from './docs/built.js';
import { llmsFullTxt, llmsTxt } from './docs/llms.js';
import { firstSentence, placeOfPage, siteAssets, sitePages, sourcePages } from './docs/pages.js';
import { BASE, HTML, PAGES, REFERENCE, SITE } from './docs/places.js';
import { runTool } from './test/tool.js';

const print = (text: string): void => void process.stdout.write(text);

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Prints what is wrong and ends the process, if something is. */
function insist(faults: readonly string[]): void {
  for (const fault of faults) console.error(`[error] ${fault}`);
  if (faults.length > 0) process.exit(1);
}

async function tool(path: string, ...args: readonly string[]): Promise<void> {
  const { code, signal } = await runTool(path, args, { onOutput: print });
  insist(code === 0 ? [] : [`${path} ended with ${signal ?? code}`]);
}

/** What VitePress reads. */
function stage(): void {
  rmSync(SITE, { recursive: true, force: true });
  const config = 'dist/scripts/docs/config.js';
  write(
    join(SITE, '.vitepress', 'config.mjs'),
    `import { siteConfig } from '../../${config}';\n\nexport default siteConfig();\n`,
  );
  for (const { place, markdown } of [...sitePages(), ...sourcePages()]) write(join(PAGES, place), markdown);
  for (const file of siteAssets()) {
    for (const folder of [PAGES, join(PAGES, 'public')]) cpSync(join(ROOT, file), join(folder, placeOfPage(file)));
  }
}

/** The pages as text beside the same pages as HTML, and the index of them. */
function forModels(): void {
  const reference = readdirSync(REFERENCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('reference', file).replaceAll('\\', '/'))
    .sort();
  for (const place of reference) cpSync(join(PAGES, place), join(HTML, place));
  const types = reference.map((place) => ({ place, summary: firstSentence(readFileSync(join(PAGES, place), 'utf8')) }));
  const all = sitePages();
  for (const { place, markdown } of [...all, ...sourcePages()]) write(join(HTML, place), markdown);
  write(join(HTML, 'llms.txt'), llmsTxt(all, types, BASE));
  write(join(HTML, 'llms-full.txt'), llmsFullTxt(all));
}

insist(pages().flatMap((page) => brokenLinks(page)));
stage();
await tool('typedoc/bin/typedoc');
await tool('vitepress/bin/vitepress.js', 'build', 'site');
forModels();
insist(faultsOfSite(HTML, BASE));
console.log(`docs: ${HTML}`);
