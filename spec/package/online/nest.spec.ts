import { expect } from 'chai';
import { fencesIn } from '../../support/docs/snippets.js';
import { NestProject, runOnNest12 } from '../../support/package/nest.js';

/** Several elections, the lifecycle, the health check, and a schedule that follows the leader. */
const MORE = `
import { Injectable, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TerminusModule } from '@nestjs/terminus';
import { Test, type TestingModule } from '@nestjs/testing';
import { createClient, Election, type Leadership } from 'etcd-leader';
import { EtcdLeaderModule, getElectionToken, InjectElection, LeaderCron, OnElected } from 'etcd-leader/nestjs';
import { FakeElection } from 'etcd-leader/testing';
import { AppModule } from './app.module';
import { HealthController } from './health.controller';
import { JobsService } from './jobs.service';
import { ReportService } from './report.service';

const nextSecond = (): Promise<void> => new Promise((done) => setTimeout(done, 1_300));

async function started(imports: unknown[], ids: Record<string, FakeElection>, more = {}): Promise<TestingModule> {
  let builder = Test.createTestingModule({ imports: imports as never[], ...more });
  for (const [id, fake] of Object.entries(ids)) {
    builder = builder.overrideProvider(getElectionToken(id)).useValue(fake);
  }
  const module = await builder.compile();
  module.useLogger(false);
  await module.init();
  return module;
}

describe('an application', () => {
  it('injects the election, and runs its schedules on the leader only', async () => {
    const fake = new FakeElection('jobs/mail');
    const module = await started([AppModule], { default: fake }, { providers: [ReportService] });
    expect(module.get(getElectionToken())).toBe(fake);
    const [jobs, reports] = [module.get(JobsService), module.get(ReportService)];
    await fake.setLeader('another');
    await nextSecond();
    expect([jobs.done, reports.done]).toEqual([[], []]);
    await fake.elect();
    await nextSecond();
    expect(jobs.done).toContain('report of jobs/mail');
    expect(reports.done).toContain('report');
    await fake.depose('LEASE_LOST');
    const [before, too] = [jobs.done.length, reports.done.length];
    await nextSecond();
    expect([jobs.done.length, reports.done.length]).toEqual([before, too]);
    await module.close();
  });

  it('holds the key until the work and the job under way have ended', async () => {
    const story: string[] = [];
    let end = (): void => {};
    let endJob = (): void => {};
    @Injectable()
    class Slow {
      @OnElected()
      async work({ signal }: Leadership): Promise<void> {
        await new Promise<void>((ended) => (end = ended));
        story.push('work, ' + (signal.reason as { code: string }).code);
      }
      @LeaderCron('* * * * * *', { waitForCompletion: true })
      async job(): Promise<void> {
        if (story.includes('job begins')) return;
        story.push('job begins');
        await new Promise<void>((ended) => (endJob = ended));
        story.push('job');
      }
    }
    const fake = new FakeElection('jobs/mail');
    const module = await started([AppModule], { default: fake }, { providers: [Slow] });
    await fake.elect();
    await nextSecond();
    const closed = module.close().then(() => story.push('closed'));
    await nextSecond();
    expect(fake.isLeader()).toBe(false);
    expect(fake.state).toBe('leaving');
    end();
    endJob();
    await closed;
    expect(story.slice(0, 1)).toEqual(['job begins']);
    expect(story.slice(1, 3).sort()).toEqual(['job', 'work, STOPPED']);
    expect(story.slice(3)).toEqual(['closed']);
    expect(fake.state).toBe('idle');
  });

  it('leads on when its work fails, and works again in the next term', async () => {
    let calls = 0;
    @Injectable()
    class Failing {
      @OnElected()
      work(): void {
        calls++;
        throw new Error('no paper');
      }
    }
    const fake = new FakeElection('jobs/mail');
    const module = await started([AppModule], { default: fake }, { providers: [Failing] });
    await fake.elect();
    expect([calls, fake.isLeader()]).toEqual([1, true]);
    await fake.depose();
    await fake.elect();
    expect([calls, fake.isLeader()]).toEqual([2, true]);
    await module.close();
  });

  it('has several elections, told apart by their ids', async () => {
    const called: string[] = [];
    @Injectable()
    class Two {
      constructor(
        @InjectElection('a') readonly a: Election,
        @InjectElection('b') readonly b: Election,
      ) {}
      @OnElected('a')
      onA(): void {
        called.push('a');
      }
      @OnElected('b')
      onB(): void {
        called.push('b');
      }
    }
    const client = createClient({ hosts: 'http://127.0.0.1:1' });
    const imports = [
      EtcdLeaderModule.forRoot({ id: 'a', client, name: 'jobs/a' }),
      EtcdLeaderModule.forRootAsync({ id: 'b', useFactory: async () => ({ client, name: 'jobs/b' }) }),
    ];
    const [a, b] = [new FakeElection('jobs/a'), new FakeElection('jobs/b')];
    const module = await started(imports, { a, b }, { providers: [Two] });
    const two = module.get(Two);
    expect([two.a, two.b]).toEqual([a, b]);
    await b.elect();
    expect(called).toEqual(['b']);
    await a.elect();
    expect(called).toEqual(['b', 'a']);
    await module.close();
    client.close();
  });

  it('makes its own election and client of what the factory says, and closes them', async () => {
    @Module({
      imports: [
        EtcdLeaderModule.forRootAsync({
          useFactory: () => ({ connection: { hosts: 'http://127.0.0.1:1' }, name: 'jobs/mail', value: 'me', ttl: 5 }),
        }),
      ],
    })
    class Real {}
    const module = await started([Real], {});
    const election = module.get<Election>(getElectionToken());
    expect(election).toBeInstanceOf(Election);
    expect([election.name, election.state]).toEqual(['jobs/mail', 'joining']);
    await module.close();
    expect(election.state).toBe('idle');
  });

  it('refuses options at once', async () => {
    const bad = EtcdLeaderModule.forRoot({ name: 'jobs' });
    await expect(Test.createTestingModule({ imports: [bad] }).compile()).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: 'one of \`client\` and \`connection\` must be given; got neither',
    });
  });

  it('says in a health check whether it stands in the queue', async () => {
    const fake = new FakeElection('jobs/mail', { value: 'me' });
    const more = { controllers: [HealthController] };
    const module = await started([AppModule, TerminusModule.forRoot({ logger: false })], { default: fake }, more);
    const controller = module.get(HealthController);
    await fake.setLeader('boss');
    expect((await controller.check()).details).toEqual({
      election: { status: 'up', state: 'waiting', isLeader: false, leader: 'boss' },
    });
    await fake.elect();
    expect(await controller.check()).toMatchObject({
      status: 'ok',
      details: { election: { status: 'up', state: 'leading', isLeader: true, leader: 'me' } },
    });
    await fake.suspend();
    await expect(controller.check()).rejects.toMatchObject({ status: 503 });
    await fake.resume();
    expect((await controller.check()).status).toBe('ok');
    await module.close();
    await expect(controller.check()).rejects.toMatchObject({
      response: { details: { election: { status: 'down', state: 'idle' } } },
    });
  });
});
`;

describe('a NestJS application as the starter makes it', () => {
  let app: NestProject;

  before(async () => {
    app = await NestProject.make();
    for (const { code, mark } of fencesIn('docs/nestjs.md')) {
      if (mark === 'typescript') app.write(/^\/\/ (\S+)/.exec(code)?.[1] ?? '', code);
    }
    app.write('more.spec.ts', MORE);
  });

  it('is compiled with what the page shows', async () => {
    const { ok, output } = await app.tsc();
    expect(ok, output).to.equal(true);
  });

  it('passes the test that the page shows, with Jest', async () => {
    const { ok, output } = await app.jest('jobs.service.spec.ts');
    expect(ok, output).to.equal(true);
    expect(output).to.include('1 passed, 1 total');
  });

  it('injects, works, schedules, checks its health and shuts down in order, with Jest', async () => {
    const { ok, output } = await app.jest('more.spec.ts');
    expect(ok, output).to.equal(true);
    expect(output).to.include('7 passed, 7 total');
    expect(output).to.not.include('did not exit');
  });
});

/** The decorators are applied by hand, because Node.js knows none. */
const ON_NEST_12 = `
import { Injectable } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { EtcdLeaderHealthIndicator, EtcdLeaderModule, getElectionToken } from 'etcd-leader/nestjs';
import { LeaderCron, OnElected } from 'etcd-leader/nestjs';
import { FakeElection } from 'etcd-leader/testing';

const done = new Set();
class Jobs {
  work() {
    done.add('work');
  }
  report() {
    done.add('report');
  }
}
function decorate(name, decorator) {
  const descriptor = Object.getOwnPropertyDescriptor(Jobs.prototype, name);
  decorator(Jobs.prototype, name, descriptor);
  Object.defineProperty(Jobs.prototype, name, descriptor);
}
decorate('work', OnElected());
decorate('report', LeaderCron('* * * * * *'));
Injectable()(Jobs);

const fake = new FakeElection('jobs');
const leader = EtcdLeaderModule.forRoot({ connection: { hosts: 'http://127.0.0.1:1' }, name: 'jobs' });
const module = await Test.createTestingModule({ imports: [ScheduleModule.forRoot(), leader], providers: [Jobs] })
  .overrideProvider(getElectionToken())
  .useValue(fake)
  .compile();
await module.init();
await fake.elect();
await new Promise((past) => setTimeout(past, 1_300));
const { election } = module.get(EtcdLeaderHealthIndicator).isHealthy('election');
await module.close();
console.log(JSON.stringify([...done, election.status, fake.state]));
`;

describe('an application on Nest 12', () => {
  it('works, schedules and shuts down, as an ES module', async () => {
    const { ok, output, stdout } = await runOnNest12(ON_NEST_12);
    expect(ok, output).to.equal(true);
    expect(stdout).to.include('["work","report","up","idle"]');
  });
});
