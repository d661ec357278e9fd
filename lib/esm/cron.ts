export type * from '../cron/index.js';
export { EtcdRunCoordinator } from '../cron/index.js';
