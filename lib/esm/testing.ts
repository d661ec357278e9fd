export type * from '../testing.js';
export { FakeElection } from '../testing.js';
