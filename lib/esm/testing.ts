export type * from '../testing.js';
export { FakeElection, FakePool } from '../testing.js';
