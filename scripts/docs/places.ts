import { join } from 'node:path';
import { ROOT } from '../../spec/support/docs/pages.js';

/** All that `npm run docs` makes. Git ignores it, and npm packs nothing of it. */
export const SITE = join(ROOT, 'site');
/** The pages as VitePress reads them. */
export const PAGES = join(SITE, 'pages');
/** Made by TypeDoc; `out` of typedoc.json says so too. */
export const REFERENCE = join(PAGES, 'reference');
/** The site itself, for any server of files. */
export const HTML = join(SITE, 'html');
/** The path that the site is served under, `/` or `/etcd-leader/`. */
export const BASE = `/${process.env.DOCS_BASE ?? ''}/`.replace(/\/{2,}/g, '/');
