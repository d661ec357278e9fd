export type * from '../metrics.js';
export { collectMetrics, collectPoolMetrics } from '../metrics.js';
