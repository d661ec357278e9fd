export type * from '../otel/index.js';
export { contextOf, instrument, instrumentPool } from '../otel/index.js';
