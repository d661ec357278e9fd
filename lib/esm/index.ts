// What `import` gets: the classes that `require()` gets, not others of the same name. So whoever loads the package, by
// whatever way, has one `Session`, and `instanceof` holds.
export type * from '../index.js';
export { createClient, Election, ElectionError, Etcd3, etcdLeader, Lock, Pool, Session } from '../index.js';
