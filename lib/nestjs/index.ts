import { ConfigurableModuleBuilder, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Election } from '../election.js';
import { ElectionClient, type EtcdLeaderModuleOptions } from './election-client.js';
import { EtcdLeaderHealthIndicator } from './health.js';
import { DEFAULT_ID, getElectionToken, getHealthToken, getWorkToken } from './tokens.js';
import { ElectionWork } from './work.js';

export { LeaderCron, type LeaderCronOptions, OnElected } from './decorators.js';
export type { EtcdLeaderModuleOptions } from './election-client.js';
export { type ElectionHealth, EtcdLeaderHealthIndicator } from './health.js';
export { getElectionToken, getHealthToken, InjectElection } from './tokens.js';

/** What `forRoot()` and `forRootAsync()` take besides. */
export interface EtcdLeaderModuleExtras {
  /**
   * Tells the elections of an application apart, when it has several: `@InjectElection(id)`, `@OnElected(id)`.
   *
   * @default 'default'
   */
  readonly id?: string;
  /**
   * Whether every module of the application sees the election without importing this one.
   *
   * @default true
   */
  readonly isGlobal?: boolean;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<EtcdLeaderModuleOptions>({
  moduleName: 'EtcdLeader',
})
  .setClassMethodName('forRoot')
  .setExtras<EtcdLeaderModuleExtras>(
    { id: DEFAULT_ID, isGlobal: true },
    ({ imports = [], providers = [], ...definition }, { id = DEFAULT_ID, isGlobal = true }) => {
      const { all, exported } = providersOf(id);
      return {
        ...definition,
        global: isGlobal,
        imports: [...imports, DiscoveryModule],
        providers: [...providers, ...all],
        exports: exported,
      };
    },
  )
  .build();

/**
 * An election in a NestJS application. `forRoot()` takes {@link EtcdLeaderModuleOptions}; `forRootAsync()` takes
 * `useFactory`, `useClass` or `useExisting`, as in all of Nest; both take {@link EtcdLeaderModuleExtras} too.
 *
 * This replica stands for election as soon as the application has started, and stops in `beforeApplicationShutdown`:
 * call `app.enableShutdownHooks()`, so that SIGTERM leads there. docs/nestjs.md has a whole application.
 *
 * @example
 * ```ts
 * import { EtcdLeaderModule } from 'etcd-leader/nestjs';
 *
 * const module = EtcdLeaderModule.forRoot({ connection: { hosts: ['http://127.0.0.1:2379'] }, name: 'jobs/mail' });
 * ```
 */
export class EtcdLeaderModule extends ConfigurableModuleClass {}
Module({})(EtcdLeaderModule);

function providersOf(id: string): {
  readonly all: Provider[];
  readonly exported: (string | typeof EtcdLeaderHealthIndicator)[];
} {
  const [election, work, health] = [getElectionToken(id), getWorkToken(id), getHealthToken(id)];
  const all: Provider[] = [
    {
      provide: ElectionClient,
      useFactory: (options: EtcdLeaderModuleOptions) => new ElectionClient(options),
      inject: [MODULE_OPTIONS_TOKEN],
    },
    {
      provide: election,
      useFactory: (
        { source }: ElectionClient,
        { name, client: _, connection: __, ...options }: EtcdLeaderModuleOptions,
      ) => new Election(source, name, options),
      inject: [ElectionClient, MODULE_OPTIONS_TOKEN],
    },
    {
      provide: work,
      useFactory: (...[of, discovery, scanner]: [Election, DiscoveryService, MetadataScanner]) =>
        new ElectionWork(id, of, discovery, scanner),
      inject: [election, DiscoveryService, MetadataScanner],
    },
    {
      provide: health,
      useFactory: (of: Election, by: ElectionWork) => new EtcdLeaderHealthIndicator(of, by),
      inject: [election, work],
    },
  ];
  if (id !== DEFAULT_ID) return { all, exported: [election, work, health] };
  const byClass = { provide: EtcdLeaderHealthIndicator, useExisting: health };
  return { all: [...all, byClass], exported: [election, work, health, EtcdLeaderHealthIndicator] };
}
