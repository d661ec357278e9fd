import type { ElectionJson, LeaderJson } from '../../../view/json.js';
import { memo } from './memo.js';
import { COLOURS } from './model/codes.js';
import type { Segment } from './model/segments.js';
import { sinceText, timelineText, timeText } from './model/text.js';
import type { PageState } from './page-state.js';
import { labelledWindow, Timeline } from './timeline.js';

export interface ElectionRowProps {
  readonly state: PageState;
  readonly election: ElectionJson;
  /** The drawing of the page that the row belongs to: while the list is only scrolled, its rows stay as they are. */
  readonly drawing: number;
  /** How wide the timeline is. */
  readonly width: number;
  readonly marked: Segment | undefined;
  readonly point: (segment: Segment | undefined, x: number, y: number) => void;
}

/** What one row of the list shows. Read from its start to its end, with what is not seen, it is a sentence. */
export const ElectionRow = memo(({ state, election, width, marked, point }: ElectionRowProps) => {
  const { name, leader, queue, blockedBy } = election;
  const asOf = state.asOf ?? 0;
  const segments = state.picture.segments(election);
  return (
    <>
      <span class="cell-name" title={name}>
        {name}
      </span>
      <Unseen text=": " />
      {leader === null ? <NoLeader /> : <LeaderCells state={state} leader={leader} />}
      <Unseen text=", in the queue: " />
      <span class="cell-queue">
        {queue.length}
        {blockedBy !== null && (
          <strong class="blocked" title={`blocked by ${blockedBy}`}>
            {' blocked'}
          </strong>
        )}
      </span>
      <Unseen text={`; ${timelineText(segments, labelledWindow(state), asOf)}`} />
      <span class="cell-timeline">
        <Timeline state={state} segments={segments} width={width} height={28} marked={marked} point={point} />
      </span>
    </>
  );
});

function LeaderCells({ state, leader }: { readonly state: PageState; readonly leader: LeaderJson }) {
  const { value, fencingToken, since } = leader;
  const asOf = state.asOf ?? 0;
  return (
    <>
      <span class="cell-leader" title={value}>
        <span class={`swatch fill-${state.colours.of(value) % COLOURS}`} />
        {value}
      </span>
      <Unseen text=" leads, token " />
      <span class="cell-token">{fencingToken}</span>
      <Unseen text=", since " />
      <span class="cell-since" title={timeText(since.at, asOf)}>
        {sinceText(since, asOf)}
      </span>
    </>
  );
}

function NoLeader() {
  return (
    <>
      <span class="cell-leader nobody">nobody leads</span>
      <span class="cell-token" aria-hidden="true" />
      <span class="cell-since" aria-hidden="true" />
    </>
  );
}

/** Words for those who hear the row. */
function Unseen({ text }: { readonly text: string }) {
  return <span class="unseen">{text}</span>;
}
