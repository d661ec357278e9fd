export type * from '../metrics.js';
export { collectMetrics } from '../metrics.js';
