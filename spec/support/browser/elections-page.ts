import type { Locator, Page } from 'playwright-core';
import { SOON, until } from '../wait.js';
import type { OpenedPage } from './chromium.js';

/** A change of one row's text, and when the page showed it: milliseconds since 1970. */
export interface ShownChange {
  readonly at: number;
  readonly text: string;
}

/** The page of `etcd-leader serve`, as its users have it. */
export class ElectionsPage {
  readonly page: Page;
  readonly #opened: OpenedPage;

  private constructor(opened: OpenedPage) {
    this.page = opened.page;
    this.#opened = opened;
  }

  /** Resolves when the page is live, unless something else is awaited. */
  static async open(opened: OpenedPage, url: string, status = /Live/): Promise<ElectionsPage> {
    const page = new ElectionsPage(opened);
    await opened.page.goto(url);
    await page.statusIs(status);
    return page;
  }

  get complaints(): readonly string[] {
    return this.#opened.complaints;
  }

  get requests(): readonly string[] {
    return this.#opened.requests;
  }

  get list(): Locator {
    return this.page.getByRole('listbox', { name: /Elections/ });
  }

  row(name: string): Locator {
    const cell = this.page.locator('.cell-name').getByText(name, { exact: true });
    return this.page.getByRole('option').filter({ has: cell });
  }

  async status(): Promise<string> {
    return (await this.page.getByRole('status').first().textContent()) ?? '';
  }

  async statusIs(pattern: RegExp, within = SOON): Promise<void> {
    await until(async () => pattern.test(await this.status()), { within, what: `a status like ${pattern}` });
  }

  /** What screen readers say of a row; empty when there is no such row. */
  async textOf(name: string): Promise<string> {
    return await this.ask('rowText', `${name}: `);
  }

  async shows(name: string, pattern: RegExp, within = SOON): Promise<void> {
    let last = '';
    const isThere = async (): Promise<boolean> => {
      last = await this.textOf(name);
      return pattern.test(last);
    };
    await until(isThere, { within, what: `${name} to be like ${pattern}` }).catch((err: Error) => {
      throw new Error(`${err.message}; it is: ${last}`);
    });
  }

  /** Resolves when a screen reader is told this last. */
  async hears(pattern: RegExp): Promise<void> {
    const last = this.page.getByRole('log').locator('p').last();
    await until(async () => pattern.test((await last.textContent({ timeout: 1_000 })) ?? ''), {
      what: `${pattern} to be told`,
    });
  }

  /** From now on records when the text of this row changes. Returns what gives the changes so far. */
  async record(name: string): Promise<() => Promise<readonly ShownChange[]>> {
    await this.ask('record', `${name}: `);
    return async () => await this.page.evaluate('look.shown');
  }

  /** How many pixels of a row's timeline have the colour of gaps. */
  async gapPixels(name: string): Promise<number> {
    return await this.ask('gapPixels', `${name}: `);
  }

  /** Calls one of the functions of `in-page/look.ts`. */
  async ask<T>(what: string, ...args: readonly unknown[]): Promise<T> {
    return await this.page.evaluate(`look.${what}(${args.map((arg) => JSON.stringify(arg)).join()})`);
  }
}
