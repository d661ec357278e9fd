import { timeText } from './model/text.js';
import type { PageState } from './page-state.js';

/** Whether what the page shows is so now; if not, as of when, and what follows. */
export function Status({ state }: { readonly state: PageState }) {
  const { connection, asOf } = state;
  const old = asOf === undefined ? 'Nothing is known yet.' : `As of ${timeText(asOf, state.now)}.`;
  switch (connection.name) {
    case 'live':
      return <Line kind="live" text="Live" />;
    case 'connecting':
      return <Line kind="waiting" text="Connecting …" />;
    case 'outage':
      return <Line kind="stale" text={`etcd does not answer. ${old}`} detail={connection.reason} />;
    case 'unauthorized':
      return <Line kind="stale" text={`Not connected: the server wants a token. ${old}`} />;
    case 'lost': {
      const seconds = Math.max(0, Math.ceil((connection.retryAt - Date.now()) / 1_000));
      return (
        <>
          <Line kind="stale" text={`Not connected. ${old}`} detail={connection.reason} />
          <button type="button" class="retry" onClick={() => state.server?.retryNow()}>
            Try now <span aria-hidden="true">({seconds} s)</span>
          </button>
        </>
      );
    }
    default:
      return unreachable(connection);
  }
}

interface LineProps {
  readonly kind: 'live' | 'waiting' | 'stale';
  readonly text: string;
  readonly detail?: string;
}

const SIGNS = { live: '●', waiting: '○', stale: '▲' } as const;

function Line({ kind, text, detail }: LineProps) {
  return (
    <output class={`status ${kind}`}>
      <span aria-hidden="true">{SIGNS[kind]} </span>
      {text}
      {detail !== undefined && <span class="detail"> {detail}</span>}
    </output>
  );
}

function unreachable(connection: never): never {
  throw new Error(`no connection is ${String(connection)}`);
}
