import { Inject, SetMetadata } from '@nestjs/common';
import { DEFAULT_ID, getWorkToken, ON_ELECTED } from './tokens.js';
import type { ElectionWork } from './work.js';

/** What `@nestjs/schedule` takes, and which election is asked. */
export interface LeaderCronOptions {
  /**
   * Which election, in an application that has several.
   *
   * @default 'default'
   */
  readonly election?: string;
  /** Name of the job, for the `SchedulerRegistry`. */
  readonly name?: string;
  /** Time zone of the schedule, such as `Europe/Berlin`. */
  readonly timeZone?: string;
  /** Whether a fire is left out while the one before still runs. */
  readonly waitForCompletion?: boolean;
  /** Whether the job is made, but never runs. */
  readonly disabled?: boolean;
}

/** The part of `@nestjs/schedule` that is used. */
interface Schedule {
  Cron(cronTime: string | Date, options: object): MethodDecorator;
}

/** What `reflect-metadata` adds to `Reflect`. */
interface Metadata {
  getMetadataKeys(target: object): unknown[];
  getMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}

/**
 * Lets a method do its work in each term: it is called with the `Leadership` when this replica is elected, and the next
 * replica leads only when the method has ended (after `releaseTimeout` at the latest). It should end when
 * `leadership.signal` is aborted. What it throws is logged; this replica goes on leading.
 *
 * @param id which election, in an application that has several
 */
export function OnElected(id = DEFAULT_ID): MethodDecorator {
  return SetMetadata(ON_ELECTED, id);
}

/**
 * `@Cron()` of `@nestjs/schedule`, on the leader only: every replica has the schedule, and the leader runs the method.
 * Whether this replica leads is answered from memory. Each fire is run once at the most, and none while nobody leads;
 * docs/cron.md says more. The next replica leads only when the method has ended. Needs `ScheduleModule.forRoot()`, as
 * `@Cron()` does.
 *
 * @throws Error when `@nestjs/schedule` is not installed
 */
export function LeaderCron(cronTime: string | Date, options: LeaderCronOptions = {}): MethodDecorator {
  const { election = DEFAULT_ID, ...rest } = options;
  const cron = schedule().Cron(cronTime, rest);
  const property = Symbol(`EtcdLeaderWork:${election}`);
  return <T>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<T>) => {
    const method = descriptor.value as (...args: unknown[]) => unknown;
    Inject(getWorkToken(election))(target, property);
    const onLeader = function (this: object, ...args: unknown[]): Promise<unknown> {
      return (Reflect.get(this, property) as ElectionWork).runFire(() => method.apply(this, args));
    };
    Object.defineProperty(onLeader, 'name', { value: method.name });
    copyMetadata(method, onLeader);
    descriptor.value = onLeader as T;
    return cron(target, key, descriptor);
  };
}

/** What other decorators have said of the method. */
function copyMetadata(from: object, to: object): void {
  const metadata = Reflect as unknown as Metadata;
  for (const key of metadata.getMetadataKeys(from)) metadata.defineMetadata(key, metadata.getMetadata(key, from), to);
}

function schedule(): Schedule {
  try {
    return require('@nestjs/schedule') as Schedule;
  } catch (cause) {
    throw new Error('@LeaderCron() needs @nestjs/schedule: npm install @nestjs/schedule', { cause });
  }
}
