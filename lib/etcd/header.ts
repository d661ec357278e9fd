import type { IResponseHeader } from 'etcd3';
import type { Header } from '../store/store.js';

/** What etcd says of itself with each answer. A gateway may have left out which cluster it is: then it says 0. */
export function toHeader({ revision, cluster_id: id }: IResponseHeader): Header {
  return { revision: BigInt(revision), cluster: toCluster(id) };
}

/** The header of an answer that may have come through a gateway, which may have left the header out. */
export function maybeHeader(header: IResponseHeader | null | undefined): Header | undefined {
  return header ? toHeader(header) : undefined;
}

/** The id of the cluster that has answered. */
export function clusterOf(header: IResponseHeader | null | undefined): bigint | undefined {
  return header ? toCluster(header.cluster_id) : undefined;
}

function toCluster(id: string): bigint | undefined {
  const cluster = BigInt(id);
  return cluster === 0n ? undefined : cluster;
}
