/** A FakeElection while time stands still; prints what it tells, and how many timers there were. */
import { useFakeTimers } from 'sinon';
import { FakeElection } from '../../../lib/testing.js';
import { record } from '../story.js';

const clock = useFakeTimers(); // fakes nextTick and queueMicrotask as well
const fake = new FakeElection('jobs', { value: 'me' });
const story = record(fake, ['elected', 'unelected', 'leader', 'suspended', 'resumed', 'error']);
const timers: number[] = [];
fake.start();
await fake.setLeader('boss');
await fake.elect();
await fake.depose('LEASE_EXPIRED');
await fake.elect();
timers.push(clock.countTimers());
await fake.stop();
timers.push(clock.countTimers());
clock.restore();
console.log(JSON.stringify({ story, timers }));
