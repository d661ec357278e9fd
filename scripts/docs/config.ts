import { readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { DefaultTheme, MarkdownOptions, UserConfig } from 'vitepress';
import { anchorOf } from '../../spec/support/docs/links.js';
import { addressOfText, grouped } from './groups.js';
import { sitePages } from './pages.js';
import { BASE, HTML, PAGES, REFERENCE, SITE } from './places.js';

/**
 * Anchors as on GitHub. What Vue would take for an expression, `{{ … }}`, stays as it is written; VitePress itself sees
 * to that only in fences.
 */
export const MARKDOWN: MarkdownOptions = {
  anchor: { slugify: anchorOf },
  toc: { slugify: anchorOf },
  config(md) {
    for (const name of ['text', 'code_inline'] as const) {
      const render = md.renderer.rules[name];
      if (render === undefined) continue;
      md.renderer.rules[name] = (...args) => render(...args).replaceAll('{{', '&#123;&#123;');
    }
  },
};

export function siteConfig(): UserConfig<DefaultTheme.Config> {
  return {
    title: 'etcd-leader',
    description: 'Leader election for Node.js on etcd v3',
    base: BASE,
    srcDir: PAGES,
    outDir: HTML,
    cacheDir: join(SITE, 'cache'),
    head: [['link', { rel: 'icon', href: 'data:,' }]],
    markdown: MARKDOWN,
    vite: { logLevel: 'warn', build: { chunkSizeWarningLimit: 5_000 } },
    themeConfig: {
      search: { provider: 'local' },
      outline: { level: [2, 3] },
      nav: [
        { text: 'How it works', link: '/how-it-works' },
        { text: 'API', link: '/api' },
        { text: 'Reference', link: '/reference/' },
        { text: 'Changelog', link: '/changelog' },
      ],
      sidebar: { '/reference/': referenceSidebar(), '/': sidebar() },
    },
  };
}

function sidebar(): DefaultTheme.SidebarItem[] {
  return grouped(sitePages()).map(({ text, pages }) => ({
    text,
    items: pages.map(({ title, file, place }) => ({
      text: file === 'README.md' ? 'Overview' : title,
      link: addressOfText(place),
    })),
  }));
}

/** One group for each entry point of the package, one item for each of its exports. */
function referenceSidebar(): DefaultTheme.SidebarItem[] {
  const items = new Map<string, DefaultTheme.SidebarItem[]>();
  for (const path of readdirSync(REFERENCE, { recursive: true, encoding: 'utf8' }).sort()) {
    const [entry = '', , name] = path.split(/[\\/]/);
    if (name === undefined || !path.endsWith('.md')) continue;
    const link = addressOfText(posix.join('reference', path.replaceAll('\\', '/')));
    items.set(entry, [...(items.get(entry) ?? []), { text: name.replace(/\.md$/, ''), link }]);
  }
  return [...items].map(([entry, exports]) => ({
    text: entry === 'index' ? 'etcd-leader' : `etcd-leader/${entry}`,
    link: `/reference/${entry}/`,
    items: exports,
  }));
}
