export type * from '../otel/index.js';
export { contextOf, instrument } from '../otel/index.js';
