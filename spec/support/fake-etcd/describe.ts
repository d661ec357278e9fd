import type { Op, Txn } from '../../../lib/store/store.js';
import type { MessageFault, Request } from './faults.js';

/** A request as one line of a story. */
export function describeRequest(request: Request): string {
  if (request.kind === 'txn') return describeTxn(request.txn);
  if (request.kind === 'watch') return `watch ${request.what} ${request.key ?? ''}`;
  return `${request.kind} ${request.id.toString(16)}`;
}

/** A fault as words; empty when there is none. */
export function describeFault(fault: MessageFault): string {
  if (fault === 'ok') return '';
  if (typeof fault === 'string') return ` (${fault})`;
  if ('error' in fault) return ` (refused: ${fault.error.message})`;
  return ` (${JSON.stringify(fault)})`;
}

function describeTxn({ compare, success, failure }: Txn): string {
  const condition = compare.map(describeCompare).join(' and ');
  const otherwise = failure.length > 0 ? `, else ${failure.map(describeOp).join(', ')}` : '';
  const branches = `${success.map(describeOp).join(', ')}${otherwise}`;
  return condition === '' ? `txn ${branches}` : `txn if ${condition}: ${branches}`;
}

function describeCompare(compare: Txn['compare'][number]): string {
  if ('createRevision' in compare) return `${compare.key} created at ${compare.createRevision}`;
  return `${compare.key} to ${compare.end} created before ${compare.createdBefore}`;
}

function describeOp(op: Op): string {
  if (op.type === 'put') return `put ${op.key}`;
  if (op.type === 'delete') return `delete ${op.key}`;
  const { key, end, order, limit, maxCreateRevision, revision } = op.range;
  if (end === undefined) return `get ${key}`;
  const upTo = maxCreateRevision === undefined ? '' : ` up to ${maxCreateRevision}`;
  const then = revision === undefined ? '' : ` at ${revision}`;
  return `${order} ${limit > 0 ? limit : 'all'} of ${key}${upTo}${then}`;
}
