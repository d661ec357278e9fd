import type { Attributes, Meter, MetricOptions, Observable } from '@opentelemetry/api';
import { Sources } from '../recording/sources.js';

/** What a figure is called, in OpenTelemetry's conventions, and what it is. */
export interface InstrumentDescription {
  readonly name: string;
  /** UCUM. */
  readonly unit: string;
  readonly description: string;
}

/** From the labels of a figure to its attributes. */
export type AttributesOf<L> = (labels: L) => Attributes;

/** The latest values of a figure, one for each set of attributes: told when the meter collects. */
export class ObservedValues<L> {
  readonly #attributesOf: AttributesOf<L>;
  readonly #values = new Map<string, { readonly attributes: Attributes; value: number }>();

  constructor(attributesOf: AttributesOf<L>) {
    this.#attributesOf = attributesOf;
  }

  set(labels: L, value: number): void {
    this.#entry(labels).value = value;
  }

  inc(labels: L, by = 1): void {
    this.#entry(labels).value += by;
  }

  remove(labels: L): void {
    this.#values.delete(JSON.stringify(this.#attributesOf(labels)));
  }

  tell(observe: (value: number, attributes: Attributes) => void): void {
    for (const { value, attributes } of this.#values.values()) observe(value, attributes);
  }

  #entry(labels: L): { value: number } {
    const attributes = this.#attributesOf(labels);
    const key = JSON.stringify(attributes);
    const known = this.#values.get(key) ?? { attributes, value: 0 };
    this.#values.set(key, known);
    return known;
  }
}

/** Instruments that are made once for each meter. */
export function oncePerMeter<T>(make: (meter: Meter) => T): (meter: Meter) => T {
  const made = new WeakMap<Meter, T>();
  return (meter) => {
    const instruments = made.get(meter) ?? make(meter);
    made.set(meter, instruments);
    return instruments;
  };
}

/** The elections or pools that report to a meter. `what` is one of them, as people call it. */
export function sourcesOf(what: string): Sources {
  return new Sources({
    taken: (name) => `${what} ${name} reports to this meter already: use another meter provider`,
  });
}

/** One callback for all figures: so one scrape updates all figures of one collection. */
export function observe<L>(
  meter: Meter,
  sources: Sources,
  figures: readonly (readonly [ObservedValues<L>, Observable])[],
): void {
  meter.addBatchObservableCallback(
    (result) => {
      sources.scrape();
      for (const [values, instrument] of figures) {
        values.tell((value, attributes) => result.observe(instrument, value, attributes));
      }
    },
    figures.map(([, instrument]) => instrument),
  );
}

/** A counter: it counts each event when the event happens. */
export function counter<L>(meter: Meter, { name, ...options }: InstrumentDescription, attributesOf: AttributesOf<L>) {
  const made = meter.createCounter(name, options);
  return {
    inc: (labels: L, by = 1): void => made.add(by, attributesOf(labels)),
    remove: (): void => {}, // a meter keeps what was counted
  };
}

/** A histogram of durations in seconds: each is recorded when it has been measured. */
export function histogram<L>(
  meter: Meter,
  { name, ...described }: InstrumentDescription,
  { buckets, attributesOf }: { readonly buckets: readonly number[]; readonly attributesOf: AttributesOf<L> },
) {
  const options: MetricOptions = { ...described, advice: { explicitBucketBoundaries: [...buckets] } };
  const made = meter.createHistogram(name, options);
  return {
    observe: (labels: L, seconds: number): void => made.record(seconds, attributesOf(labels)),
    zero: (): void => {}, // a meter has no series without a record
    remove: (): void => {},
  };
}
