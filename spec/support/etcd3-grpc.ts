import { createRequire } from 'node:module';
import type * as Grpc from '@grpc/grpc-js';
import type * as ProtoLoader from '@grpc/proto-loader';

// etcd3 itself uses these copies.
const ofUs = createRequire(import.meta.url);
const ofEtcd3 = createRequire(ofUs.resolve('etcd3'));
export const grpc = ofEtcd3('@grpc/grpc-js') as typeof Grpc;
const { loadSync } = ofEtcd3('@grpc/proto-loader') as typeof ProtoLoader;

/** What etcd understands, for a server of the specs. */
export function loadProto(options: ProtoLoader.Options): ProtoLoader.PackageDefinition {
  return loadSync(ofUs.resolve('etcd3').replace(/lib[/\\][^/\\]*$/, 'proto/rpc.proto'), options);
}
