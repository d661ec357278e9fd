export type * from '../threads/index.js';
export { expiresIn, isCurrent, signalOf } from '../threads/index.js';
