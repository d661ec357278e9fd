import type { ElectionJson } from './model/json.js';
import type { Segment } from './model/segments.js';
import { sinceText, timeText } from './model/text.js';
import type { PageState } from './page-state.js';
import { Timeline } from './timeline.js';

export interface ElectionRowProps {
  readonly state: PageState;
  readonly election: ElectionJson;
  /** Of the timeline. */
  readonly width: number;
  readonly marked: Segment | undefined;
  readonly point: (segment: Segment | undefined, x: number, y: number) => void;
}

/** What one row of the list shows. */
export function ElectionRow({ state, election, width, marked, point }: ElectionRowProps) {
  const { name, leader, queue } = election;
  const asOf = state.asOf ?? 0;
  return (
    <>
      <span class="cell-name" title={name}>
        {name}
      </span>
      {leader === null ? (
        <span class="cell-leader nobody">nobody leads</span>
      ) : (
        <span class="cell-leader" title={leader.value}>
          <span class={`swatch fill-${state.colours.of(leader.value) % 8}`} />
          {leader.value}
        </span>
      )}
      <span class="cell-token">{leader?.fencingToken ?? '–'}</span>
      <span class="cell-since" title={leader === null ? '' : timeText(leader.since.at, asOf)}>
        {leader === null ? '–' : sinceText(leader.since, asOf)}
      </span>
      <span class="cell-queue">
        {queue.length}
        {election.blockedBy !== null && (
          <strong class="blocked" title={`blocked by ${election.blockedBy}`}>
            {' '}
            blocked
          </strong>
        )}
      </span>
      <span class="cell-timeline">
        <Timeline
          state={state}
          segments={state.picture.segments(election)}
          width={width}
          height={28}
          marked={marked}
          point={point}
        />
      </span>
    </>
  );
}
