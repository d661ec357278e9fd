import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../../scripts/test/tool.js';

interface Bundling {
  readonly BUNDLES: readonly { readonly entry: string; readonly out: string }[];
  readonly LICENSES: string;
}

/** What the build bundles; the build is no TypeScript, because it runs before there is any. */
const url = pathToFileURL(join(root, 'scripts/build/bundle.mjs')).href;
const { BUNDLES, LICENSES } = (await import(url)) as Bundling;

/** The bundles, as paths in the package. */
export const bundles: readonly string[] = BUNDLES.map(({ out }) => `dist/${out}`);

/** The licences of what is in the bundles. */
export const licenses = `dist/${LICENSES}`;
