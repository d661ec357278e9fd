import type { IResponseHeader } from 'etcd3';
import type { Header } from '../store/store.js';

/** What etcd says of itself with each answer. */
export function toHeader({ revision, cluster_id: cluster }: IResponseHeader): Header {
  return { revision: BigInt(revision), cluster: BigInt(cluster) };
}

/** The same of an answer that may have come through a gateway, which may have left the header out. */
export function maybeHeader(header: IResponseHeader | null | undefined): Header | undefined {
  return header ? toHeader(header) : undefined;
}
