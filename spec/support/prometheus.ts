import { createRequire } from 'node:module';

/** As the parser gives it. */
interface Family {
  readonly name: string;
  readonly type: string;
  readonly metrics: readonly { readonly value?: string; readonly labels?: Readonly<Record<string, string>> }[];
}

type Parse = (text: string) => readonly Family[];

const parse = createRequire(import.meta.url)('parse-prometheus-text-format') as Parse;

/** What Prometheus 3 reads; any other answer is refused, an answer without a type among it. */
const FORMATS = ['text/plain', 'application/openmetrics-text'];
const TYPES = ['GAUGE', 'COUNTER', 'HISTOGRAM', 'SUMMARY'];

/** The metrics of one scrape, by their names. */
export type ScrapedMetrics = ReadonlyMap<string, Family['metrics']>;

/** One scrape, as Prometheus 3 does it: it believes no text whose type it is not told, and guesses none. */
export async function scrape(url: string): Promise<ScrapedMetrics> {
  const response = await fetch(url, { headers: { accept: 'text/plain;version=0.0.4' } });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`the scrape was answered with ${response.status}`);
  return read(text, response.headers.get('content-type') ?? '');
}

/** @throws when the type is missing or another, or when the text is not what the type says */
export function read(text: string, contentType: string): ScrapedMetrics {
  const [format = ''] = contentType.split(';').map((part) => part.trim().toLowerCase());
  if (format === '') throw new Error('the scrape was answered without a Content-Type');
  if (!FORMATS.includes(format)) throw new Error(`the scrape was answered with the Content-Type ${contentType}`);
  const families = parse(text);
  if (families.length === 0) throw new Error('the scrape was answered without a metric');
  // The parser lets through what is no number.
  for (const { name, type, metrics } of families) {
    if (!TYPES.includes(type)) throw new Error(`${name} is of the type ${type}`);
    for (const { value } of metrics) {
      if (type === 'GAUGE' && !Number.isFinite(Number(value || 'none'))) throw new Error(`${name} is ${value}`);
    }
  }
  return new Map(families.map(({ name, metrics }) => [name, metrics]));
}

/** The value of a metric without labels but the election. */
export function sampleOf(metrics: ScrapedMetrics, name: string, election: string): number | undefined {
  const found = metrics.get(name)?.find(({ labels }) => labels?.['election'] === election);
  return found?.value === undefined ? undefined : Number(found.value);
}
