import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Lag } from './report.js';

/** Milliseconds between two samples. The histogram counts this time as delay, so it is taken off. */
const RESOLUTION = 5;

/** Measures how late the event loop of this process is, from now until it is asked. */
export class LoopLag {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION });

  constructor() {
    this.#histogram.enable();
  }

  end(): Lag {
    this.#histogram.disable();
    const beyond = (ns: number): number => Math.max(0, Math.round((ns / 1e6 - RESOLUTION) * 100) / 100);
    return { p99: beyond(this.#histogram.percentile(99)), max: beyond(this.#histogram.max) };
  }
}
