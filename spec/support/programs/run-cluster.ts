/** Starts a cluster of one member, tells its parent about the cluster, and runs until it is killed. */
import { Cluster } from '../cluster/cluster.js';

const cluster = await Cluster.start({ members: 1, watchdog: process.argv[2] !== 'without-watchdog' });
const member = cluster.members[0];
process.send?.({ pid: member?.pid, folder: member?.folder });
setInterval(() => {}, 60_000);
