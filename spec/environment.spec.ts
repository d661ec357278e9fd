import { expect } from 'chai';
import { createClient } from '../lib/client.js';
import { environmentOf } from '../lib/environment.js';
import { tracked } from './support/track.js';
import { World } from './support/world.js';

describe('the environment of a client', () => {
  const client = () => {
    const etcd = createClient({ hosts: 'http://127.0.0.1:1' });
    tracked({ close: () => etcd.close() });
    return etcd;
  };

  it('is shared by all who use the client, so that all know which members do not answer', () => {
    const [one, other] = [client(), client()];
    expect(environmentOf(one)).to.equal(environmentOf(one));
    expect(environmentOf(other).store).not.to.equal(environmentOf(one).store);
    expect(environmentOf(other).leaderWatchers).not.to.equal(environmentOf(one).leaderWatchers);
  });

  it('counts time on one clock, whoever asks', () => {
    expect(environmentOf(client()).clock).to.equal(environmentOf(client()).clock);
  });

  it('is the one that a spec brings, with its clock', () => {
    const process = new World().process('one');
    const { clock, leaderWatchers } = environmentOf(process);
    expect(clock).to.equal(process.clock);
    expect(environmentOf({ ...process }).leaderWatchers).to.equal(leaderWatchers);
  });
});
