import { Inject } from '@nestjs/common';

/** The metadata of a method with `@OnElected()`; its value is the id of the election whose work the method is. */
export const ON_ELECTED = 'etcd-leader:on-elected';

/** The id of an election that was given none: that of an application with one election. */
export const DEFAULT_ID = 'default';

/**
 * What an election is provided under. A test puts another in its place:
 * `overrideProvider(getElectionToken()).useValue(fake)`.
 */
export function getElectionToken(id = DEFAULT_ID): string {
  return `EtcdLeaderElection:${id}`;
}

/** What the runner of an election's work is provided under. */
export function getWorkToken(id: string): string {
  return `EtcdLeaderWork:${id}`;
}

/** What a health indicator is provided under; that of the default election also under its class. */
export function getHealthToken(id = DEFAULT_ID): string {
  return `EtcdLeaderHealth:${id}`;
}

/**
 * Injects the `Election` of `EtcdLeaderModule`.
 *
 * @param id which one, in an application that has several
 */
export function InjectElection(id?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getElectionToken(id));
}
