import { delimiter, join } from 'node:path';
import { buildSync } from 'esbuild';
import { after, before } from 'mocha';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { isExecutable } from '../../../lib/cli/child/path.js';
import { findTool } from '../cluster/tools.js';
import { ROOT } from '../docs/pages.js';
import { tracked } from '../track.js';

/** A window of the browser that a spec has opened, with everything that must not happen in it. */
export interface OpenedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Addresses of all requests. */
  readonly requests: readonly string[];
  /** Errors and warnings of the console, among them what the content security policy forbids; uncaught errors. */
  readonly complaints: readonly string[];
}

/** What specs ask of a page, as a script for the browser: `globalThis.look`. */
const { outputFiles } = buildSync({
  entryPoints: [join(ROOT, 'spec/support/browser/in-page/look.ts')],
  bundle: true,
  write: false,
});
const LOOK = outputFiles.map(({ text }) => text).join('\n');

/**
 * A Chromium for the specs of one `describe`. Each page has a profile of its own, which is closed at the end of the
 * spec.
 */
export function browserOfSuite(): (options?: BrowserContextOptions) => Promise<OpenedPage> {
  let browser: Browser | undefined;
  before(async function () {
    this.timeout(120_000);
    // Chromium refuses its sandbox to root, as whom container images run; all pages here are our own.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: await pathOf(await findTool('chromium')), args });
  });
  after(async () => {
    await browser?.close();
  });
  return async (options) => {
    if (browser === undefined) throw new Error('the browser is there in hooks and specs');
    return await openPage(browser, options);
  };
}

async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  const context = tracked(await browser.newContext({ viewport: { width: 1_280, height: 800 }, ...options }));
  await context.addInitScript(LOOK);
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  return { page, context, requests, complaints };
}

/** Where a command of the PATH is. */
function pathOf(command: string): string {
  if (command.includes('/')) return command;
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, command));
  return places.find(isExecutable) ?? command;
}
