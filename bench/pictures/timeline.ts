import { type BenchReport, type Measured, measurementOf } from '../report.js';
import { LOOK, milliseconds } from './contestants.js';
import { box, FAINT, INK, line, svg, text } from './svg.js';

const WHO: readonly Measured[] = ['etcd-leader', 'etcd3', 'floor'];
const LEFT = 190;
const WIDTH = 620;

/** How long nobody leads: after a leader has left in order, and after one was killed. */
export function timeline(report: BenchReport): string | undefined {
  const crash = measurementOf(report, 'crash', 'etcd-leader');
  const lease = crash?.figures?.['SIGKILL to deletion p50 ms'];
  if (crash?.time === undefined || lease === undefined) return undefined;
  const seconds = Math.ceil((lease + crash.time.p50) / 500) * 500;
  const scale = (ms: number): number => LEFT + (ms / seconds) * WIDTH;
  const deleted = scale(lease);
  return svg(960, 430, 'Who leads when: a crash, and a handover', [
    text(20, 32, 'A leader is killed (TTL 3 s): who leads when', { bold: true, size: 15 }),
    text(20, 72, 'the old leader'),
    box(LEFT - 60, 58, 60, 20, { fill: LOOK['etcd-leader'].colour, opacity: 0.35 }),
    text(LEFT + 6, 72, 'killed: it can tell nobody', { size: 11 }),
    text(20, 106, 'its key in etcd'),
    box(LEFT - 60, 92, deleted - LEFT + 60, 20, { fill: FAINT }),
    text(LEFT + 6, 106, `its lease runs out: ${milliseconds(lease)} here; from 2/3 TTL to TTL + 0.5 s`, { size: 11 }),
    text(20, 140, 'the next leader'),
    box(deleted, 126, LEFT + WIDTH - deleted + 60, 20, { fill: LOOK['etcd-leader'].colour }),
    text(deleted - 8, 140, `elected ${milliseconds(crash.time.p50)} after the key is gone`, {
      anchor: 'end',
      size: 11,
    }),
    line(
      [
        [LEFT, 50],
        [LEFT, 156],
      ],
      { stroke: INK, dash: '3 3' },
    ),
    line(
      [
        [deleted, 50],
        [deleted, 156],
      ],
      { stroke: INK, dash: '3 3' },
    ),
    ...axis(LEFT, WIDTH, 166, seconds, (ms) => `${ms / 1_000} s`),
    ...bars(report, 222),
  ]);
}

/** The last step, enlarged: from the moment the key is deleted or being released. */
function bars(report: BenchReport, top: number): string[] {
  const rows = [
    ['crash', 'key gone → elected'],
    ['handover-stop', 'stop() → elected'],
    ['handover-20ms', 'stop() 20 ms after queueing'],
  ] as const;
  const found = rows.flatMap(([id, label]) =>
    WHO.map((who) => ({ id, label, who, time: measurementOf(report, id, who)?.time })),
  );
  const most = Math.max(...found.map(({ time }) => time?.p90 ?? 0));
  const scale = (ms: number): number => (ms / most) * (WIDTH - 60);
  return [
    text(20, top, 'The part a library can make longer: p50, and p90 as a thin line', { bold: true, size: 13 }),
    ...found.flatMap(({ who, label, time }, i) => {
      const y = top + 14 + i * 18 + Math.floor(i / WHO.length) * 8;
      if (time === undefined) return [];
      return [
        ...(i % WHO.length === 0 ? [text(20, y + 12, label, { size: 11 })] : []),
        box(LEFT, y, scale(time.p50), 14, { fill: LOOK[who].colour }),
        line(
          [
            [LEFT + scale(time.p50), y + 7],
            [LEFT + scale(time.p90), y + 7],
          ],
          { stroke: LOOK[who].colour, width: 2 },
        ),
        text(LEFT + scale(time.p90) + 8, y + 11, `${milliseconds(time.p50)}  ${LOOK[who].label}`, { size: 11 }),
      ];
    }),
  ];
}

function axis(x: number, width: number, y: number, most: number, label: (value: number) => string): string[] {
  const step = most / 500 > 8 ? 1_000 : 500;
  const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
  return [
    line(
      [
        [x, y],
        [x + width, y],
      ],
      { stroke: FAINT },
    ),
    ...ticks.flatMap((tick) => {
      const at = x + (tick / most) * width;
      return [
        line(
          [
            [at, y],
            [at, y + 4],
          ],
          { stroke: FAINT },
        ),
        text(at, y + 18, label(tick), { anchor: 'middle', size: 11 }),
      ];
    }),
  ];
}
