import { render } from 'preact';
import { Details } from './details.js';
import { Elections } from './elections.js';
import { announceChanges } from './live-region.js';
import { addressOfPage, type OpenTab, PageState } from './page-state.js';
import { Pools } from './pools.js';
import { Status } from './status.js';
import { isMotionWanted, onThemeChange } from './theme.js';
import { TokenForm } from './token-form.js';

/** Milliseconds between two drawings while nothing changes but the time. */
const TICK = { quick: 250, calm: 1_000 } as const;

function App({ state }: { readonly state: PageState }) {
  const { place } = state.view;
  const { connection } = state;
  return (
    <>
      <header class="top">
        <h1>
          <span aria-hidden="true" class="logo" /> etcd-leader
        </h1>
        <nav aria-label="Views">
          <TabLink state={state} tab="elections" text={`Elections (${state.picture.elections.size})`} />
          <TabLink state={state} tab="pools" text={`Pools (${state.picture.pools.size})`} />
        </nav>
        <div class="connection">
          <Status state={state} />
        </div>
      </header>
      {connection.name === 'unauthorized' && <TokenForm state={state} wasRefused={connection.wasRefused} />}
      <main class={`${state.isLive ? 'is-live' : 'is-old'} ${place.name === undefined ? '' : 'is-open'}`}>
        {place.tab === 'pools' ? <Pools state={state} /> : <Elections state={state} />}
        {place.tab === 'elections' && place.name !== undefined && <Details state={state} name={place.name} />}
      </main>
    </>
  );
}

interface TabLinkProps {
  readonly state: PageState;
  readonly tab: OpenTab['tab'];
  readonly text: string;
}

function TabLink({ state, tab, text }: TabLinkProps) {
  const isHere = state.view.place.tab === tab;
  return (
    <a href={addressOfPage({ tab, name: undefined })} aria-current={isHere ? 'page' : undefined}>
      {text}
    </a>
  );
}

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no element `app`');
const state = new PageState(() => render(<App state={state} />, root));

function tick(): void {
  state.touch();
  const isQuick = state.view.window.ms <= 300_000 && isMotionWanted();
  setTimeout(tick, isQuick ? TICK.quick : TICK.calm);
}

announceChanges(state);
onThemeChange(() => state.touch());
state.connect();
tick();
