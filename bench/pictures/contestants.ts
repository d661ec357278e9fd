import type { Measured } from '../report.js';

/** The same colour and name in every picture. */
export const LOOK: Readonly<Record<Measured, { readonly colour: string; readonly label: string }>> = {
  'etcd-leader': { colour: '#0969da', label: 'etcd-leader' },
  viewed: { colour: '#bf3989', label: 'etcd-leader, three viewers' },
  observing: { colour: '#8250df', label: 'etcd-leader, observe: true' },
  etcd3: { colour: '#bc4c00', label: 'etcd3 Election' },
  go: { colour: '#1a7f37', label: "Go's concurrency.Election" },
  floor: { colour: '#6e7781', label: 'bare etcd operations' },
};

export function milliseconds(ms: number): string {
  if (ms >= 1_000) return `${Number((ms / 1_000).toPrecision(3))} s`;
  return `${Number(ms.toPrecision(3))} ms`;
}
