import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** What is wrong with a built site: links that lead nowhere, anything that a browser would fetch from elsewhere. */
export function faultsOfSite(html: string, base = '/'): string[] {
  const files = readdirSync(html, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'));
  const read = (file: string): string => readFileSync(join(html, file), 'utf8');
  const pages = new Map(files.filter((file) => file.endsWith('.html')).map((file) => [file, read(file)]));
  const ids = new Map([...pages].map(([file, text]) => [file, idsIn(text)]));
  const faults = [...pages].flatMap(([file, text]) => {
    const dead = hrefsIn(text).flatMap((href) => {
      if (/^[a-z]+:|^\/\//i.test(href)) return [];
      const [path = '', anchor] = href.split('#');
      const target = path === '' ? file : targetOf(file, path, base);
      if (target === undefined || !existsSync(join(html, target))) return [`${file}: nothing at ${href}`];
      const isThere = anchor === undefined || anchor === '' || ids.get(target)?.has(decodeURIComponent(anchor));
      return isThere ? [] : [`${file}: no anchor at ${href}`];
    });
    return [...dead, ...fetchedIn(text).map((address) => `${file}: fetches ${address}`)];
  });
  const styles = files.filter((file) => file.endsWith('.css'));
  for (const file of styles) {
    const fetched = [...read(file).matchAll(/(?:url\(|@import )["']?((?:https?:)?\/\/[^)"']+)/g)];
    faults.push(...fetched.map(([, address]) => `${file}: fetches ${address}`));
  }
  if (!files.some((file) => /localSearchIndex.*\.js$/.test(file))) faults.push('there is no search index');
  return [...new Set(faults)];
}

function targetOf(file: string, path: string, base: string): string | undefined {
  if (path.startsWith('/') && !path.startsWith(base)) return undefined;
  const target = path.startsWith('/') ? path.slice(base.length) : posix.join(posix.dirname(file), path);
  return /(^|\/)$/.test(target) ? `${target}index.html` : decodeURIComponent(target);
}

function hrefsIn(text: string): string[] {
  return [...text.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'));
}

function idsIn(text: string): Set<string> {
  return new Set([...text.matchAll(/\sid="([^"]*)"/g)].map(([, id = '']) => id));
}

/** What a browser fetches by itself from another host. A link is only followed when somebody clicks. */
function fetchedIn(text: string): string[] {
  const tags = /<(?:script|link|img|iframe|source|video)\b[^>]*?\s(?:src|href|srcset)="((?:https?:)?\/\/[^"]*)"/g;
  return [...text.matchAll(tags)].map(([, address = '']) => address);
}
