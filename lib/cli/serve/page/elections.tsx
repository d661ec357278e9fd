import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import type { ElectionJson } from '../../../view/json.js';
import { ElectionRow } from './election-row.js';
import { announce } from './live-region.js';
import { COLUMNS, type Column, electionRows } from './model/rows.js';
import { neighbour, type Segment } from './model/segments.js';
import { count, segmentLines } from './model/text.js';
import { addressOfPage, type PageState } from './page-state.js';
import { TimeAxis } from './timeline.js';
import { Tip, type TipContent } from './tip.js';
import { WindowChoice } from './window-choice.js';
import { useMedia, useSize, Windowed } from './windowed.js';

const ROW = 40;
/** In a narrow window a row has three lines. */
const NARROW_ROW = 88;

/** All elections with their timelines. */
export function Elections({ state }: { readonly state: PageState }) {
  const { filter, order } = state.view;
  const isNarrow = useMedia('(max-width: 45rem)');
  const scroller = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const axisWidth = useSize(head).width;
  const [active, setActive] = useState(0);
  const [tip, setTip] = useState<TipContent | undefined>(undefined);
  const rows = useMemo(() => electionRows(state.picture.inOrder, filter, order), [state.version, filter, order, state]);
  const at = Math.min(active, Math.max(0, rows.length - 1));
  const { name: opened } = state.view.place;
  const asOf = state.asOf ?? 0;

  const point = useCallback(
    (segment: Segment | undefined, x: number, y: number): void =>
      setTip(segment && { segment, lines: segmentLines(segment, state.asOf ?? 0), x, y: y + 14 }),
    [state],
  );
  const open = ({ name }: ElectionJson): void => {
    setTip(undefined);
    location.hash = addressOfPage({ tab: 'elections', name });
  };
  const walk = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      if (tip === undefined) location.hash = addressOfPage({ tab: 'elections', name: undefined });
      setTip(undefined);
    }
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    const election = rows[at];
    const row = document.getElementById(`elections-${at}`);
    if (election === undefined || row === null) return;
    const segment = neighbour(state.picture.segments(election), tip?.segment, event.key === 'ArrowLeft' ? -1 : 1);
    if (segment === undefined) return;
    const lines = segmentLines(segment, asOf);
    const place = row.getBoundingClientRect();
    setTip({ segment, lines, x: place.left + place.width * 0.6, y: place.bottom });
    announce(lines.join(', '));
  };

  return (
    <section class="elections" aria-label="Elections">
      <div class="tools">
        <label>
          Filter
          <input
            type="search"
            value={filter}
            placeholder="name or leader"
            spellcheck={false}
            onInput={(event) => state.choose({ filter: event.currentTarget.value })}
          />
        </label>
        <WindowChoice state={state} />
        <span class="count">{countText(rows.length, state.picture.elections.size)}</span>
      </div>
      <fieldset class="row head">
        <legend class="unseen">Sort by</legend>
        {COLUMNS.map((column) => (
          <SortButton key={column} column={column} state={state} />
        ))}
        <div class="cell-timeline" ref={head}>
          <TimeAxis state={state} width={axisWidth} />
        </div>
      </fieldset>
      <Windowed
        id="elections"
        label="Elections: up and down choose one, left and right walk its timeline, Enter opens it"
        items={rows}
        rowHeight={isNarrow ? NARROW_ROW : ROW}
        rowClass={({ name, leader }) => `${leader === null ? 'without' : ''}${name === opened ? ' opened' : ''}`}
        active={at}
        activate={(index) => {
          setTip(undefined);
          setActive(index);
        }}
        open={open}
        onKey={walk}
        onBlur={() => setTip(undefined)}
        scroller={scroller}
      >
        {(election, width) => (
          <ElectionRow
            state={state}
            election={election}
            width={isNarrow ? width - 24 : axisWidth}
            drawing={state.drawing}
            marked={tip?.segment}
            point={point}
          />
        )}
      </Windowed>
      {rows.length === 0 && <p class="empty">{emptyText(state)}</p>}
      <Tip content={tip} />
    </section>
  );
}

const TITLES: Readonly<Record<Column, string>> = {
  name: 'Election',
  leader: 'Leader',
  token: 'Token',
  since: 'Since',
  queue: 'Queue',
};

function SortButton({ column, state }: { readonly column: Column; readonly state: PageState }) {
  const { by, isDescending } = state.view.order;
  const isChosen = by === column;
  return (
    <button
      type="button"
      class={`cell-${column}`}
      aria-pressed={isChosen}
      onClick={() => state.choose({ order: { by: column, isDescending: isChosen && !isDescending } })}
    >
      {TITLES[column]}
      {isChosen && (
        <>
          <span class="unseen">, {isDescending ? 'descending' : 'ascending'}</span>
          <span class="arrow" aria-hidden="true">
            {isDescending ? '▼' : '▲'}
          </span>
        </>
      )}
    </button>
  );
}

function countText(shown: number, all: number): string {
  return shown === all ? count(all, 'election', 'elections') : `${shown} of ${count(all, 'election', 'elections')}`;
}

function emptyText(state: PageState): string {
  if (state.asOf === undefined) return 'Nothing is known yet.';
  return state.picture.elections.size === 0
    ? 'There is no election under this prefix.'
    : 'No election fits the filter.';
}
