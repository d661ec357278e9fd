import type { IResponseHeader } from 'etcd3';
import type { Header } from '../store/store.js';

/** What etcd says of itself with each answer. A gateway may have left out which cluster it is: then it says 0. */
export function toHeader({ revision, cluster_id: id }: IResponseHeader): Header {
  const cluster = BigInt(id);
  return { revision: BigInt(revision), cluster: cluster === 0n ? undefined : cluster };
}

/** The same of an answer that may have come through a gateway, which may have left the header out. */
export function maybeHeader(header: IResponseHeader | null | undefined): Header | undefined {
  return header ? toHeader(header) : undefined;
}
