import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ElectionJson, MomentJson, TermJson } from '../../../view/json.js';
import { useAllTerms } from './all-terms.js';
import { announce } from './live-region.js';
import { termId } from './model/joined-terms.js';
import { neighbour, type Segment } from './model/segments.js';
import { durationText, endText, segmentLines, sinceText, timelineText, timeText } from './model/text.js';
import { addressOfPage, type PageState } from './page-state.js';
import { labelledWindow, Timeline } from './timeline.js';
import { Tip, type TipContent } from './tip.js';
import { useSize } from './windowed.js';

/** A queue can be long; its head is what people look for. */
const SHOWN = 100;

/** One election: its timeline, its queue, its terms. */
export function Details({ state, name }: { readonly state: PageState; readonly name: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [name]);
  const election = state.picture.elections.get(name);
  const close = (): void => {
    location.hash = addressOfPage({ tab: 'elections', name: undefined });
    document.getElementById('elections')?.focus();
  };
  return (
    <section
      class="details"
      aria-labelledby="details-name"
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <header>
        <h2 id="details-name" ref={heading} tabIndex={-1}>
          {name}
        </h2>
        <button type="button" onClick={close}>
          Close <kbd>Esc</kbd>
        </button>
      </header>
      {election === undefined ? (
        <p class="empty">{state.asOf === undefined ? 'Nothing is known yet.' : 'There is no such election now.'}</p>
      ) : (
        <Content key={name} state={state} election={election} />
      )}
    </section>
  );
}

function Content({ state, election }: { readonly state: PageState; readonly election: ElectionJson }) {
  const { leader, blockedBy, queue } = election;
  const terms = useAllTerms(state, election);
  const asOf = state.asOf ?? 0;
  return (
    <>
      {blockedBy !== null && (
        <p class="alarm">
          Nobody can be elected: the key <code>{blockedBy}</code> is no candidate’s, and stands first in the queue.
        </p>
      )}
      <dl>
        <Fact name="Leader">{leader?.value ?? <span class="nobody">nobody leads</span>}</Fact>
        <Fact name="Token">{leader?.fencingToken ?? '–'}</Fact>
        <Fact name="Since">
          {leader === null ? '–' : `${momentText(leader.since, asOf)} (${sinceText(leader.since, asOf)})`}
        </Fact>
        <Fact name="Lease">{leader?.leaseId ?? '–'}</Fact>
      </dl>
      <LargeTimeline state={state} election={election} />
      <h3>Queue ({queue.length})</h3>
      <ol class="queue">
        {queue.slice(0, SHOWN).map(({ leaseId, fencingToken, value, isOurs }, at) => (
          <li key={fencingToken}>
            <b>{value ?? nameOf(at === 0 ? leader?.value : undefined, isOurs)}</b> token {fencingToken}, lease {leaseId}
          </li>
        ))}
      </ol>
      {queue.length > SHOWN && <p>and {queue.length - SHOWN} more</p>}
      {queue.length === 0 && <p class="empty">Nobody is in the queue.</p>}
      <h3 id="terms">Terms ({terms.length})</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, which wants the keyboard too */}
      <section class="table" aria-labelledby="terms" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {['Leader', 'Token', 'From', 'Until', 'Length', 'Ended'].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {terms.toReversed().map((term) => (
              <Term key={termId(term)} term={term} asOf={asOf} />
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Term({ term, asOf }: { readonly term: TermJson; readonly asOf: number }) {
  const { value, fencingToken, from, until, ended, why, isRecorded } = term;
  const length = from === null ? '' : `${from.exact ? '' : '> '}${durationText((until?.at ?? asOf) - from.at)}`;
  return (
    <tr>
      <th scope="row">{value}</th>
      <td>{fencingToken}</td>
      <td>{from === null ? 'not seen' : momentText(from, asOf)}</td>
      <td>{until === null ? (ended === null && from !== null ? 'now' : 'not seen') : momentText(until, asOf)}</td>
      <td>{length}</td>
      <td class={ended === 'lease ended' ? 'nobody' : ''}>
        {ended === null ? '' : endText(ended, why)}
        {isRecorded ? ' (recorded)' : ''}
      </td>
    </tr>
  );
}

function momentText({ at, exact }: MomentJson, now: number): string {
  return `${timeText(at, now)}${exact ? '' : ' or before'}`;
}

/** The timeline with keys of its own: left and right walk it. */
function LargeTimeline({ state, election }: { readonly state: PageState; readonly election: ElectionJson }) {
  const frame = useRef<HTMLDivElement>(null);
  const { width } = useSize(frame);
  const [tip, setTip] = useState<TipContent | undefined>(undefined);
  const segments = state.picture.segments(election);
  const asOf = state.asOf ?? 0;
  const tell = (segment: Segment | undefined, x: number, y: number): void =>
    setTip(segment && { segment, lines: segmentLines(segment, asOf), x, y });
  return (
    <>
      <div
        ref={frame}
        class="large"
        role="application"
        aria-roledescription="timeline"
        aria-label={`${timelineText(segments, labelledWindow(state), asOf)}. Left and right walk it.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys
        tabIndex={0}
        onBlur={() => setTip(undefined)}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          const segment = neighbour(segments, tip?.segment, step);
          const place = event.currentTarget.getBoundingClientRect();
          tell(segment, place.left + 20, place.bottom + 4);
          if (segment !== undefined) announce(segmentLines(segment, asOf).join(', '));
        }}
      >
        <Timeline
          state={state}
          segments={segments}
          width={width}
          height={44}
          marked={tip?.segment}
          point={(segment, x, y) => tell(segment, x, y + 14)}
        />
      </div>
      <Tip content={tip} />
    </>
  );
}

/** What is said of a candidate whose value was not read. */
function nameOf(leader: string | undefined, isOurs: boolean): string {
  return leader ?? (isOurs ? 'a candidate' : 'another client');
}
