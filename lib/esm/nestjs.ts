export type * from '../nestjs/index.js';
export {
  EtcdLeaderHealthIndicator,
  EtcdLeaderModule,
  getElectionToken,
  getHealthToken,
  InjectElection,
  LeaderCron,
  OnElected,
} from '../nestjs/index.js';
