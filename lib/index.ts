// Those who have `etcd3` only through this package can name its types, and need no second copy of it.
export { type ComparatorBuilder, Etcd3, type IOptions } from 'etcd3';
export type { AskOptions } from './campaign/asking.js';
export type { RunOptions } from './campaign/run.js';
export type { StateName } from './campaign/state.js';
export type { StepDownOptions } from './campaign/step-down.js';
export type { Task } from './campaign/task-run.js';
export type { Candidate } from './candidate.js';
export { type ClientOptions, createClient } from './client.js';
export { Election } from './election.js';
export { ElectionError, type ElectionErrorCode } from './errors.js';
export type { ElectionEventName, ElectionEvents, ElectionListener } from './events.js';
export type { Leadership, LeadershipHandle } from './leadership.js';
export type { AcquireOptions, LockOptions } from './lock/options.js';
export { type HeldLock, Lock } from './lock.js';
export type { Logger } from './log.js';
export type { ElectionOptions, SessionOptions } from './options.js';
export { etcdLeader } from './original.js';
export { Session } from './session.js';
