import { useMemo, useState } from 'preact/hooks';
import type { MemberJson, PoolJson } from '../../../view/json.js';
import { Codes, letters } from './model/codes.js';
import { count, countUnowned } from './model/text.js';
import { addressOfPage, type PageState } from './page-state.js';
import { PartitionTable } from './partition-list.js';
import { PartitionMap } from './partition-map.js';
import { currentTheme } from './theme.js';

/** The pools, one at a time: who owns which partition. */
export function Pools({ state }: { readonly state: PageState }) {
  const { pools } = state.picture;
  const names = [...pools.keys()].sort();
  const name = state.view.place.name ?? names[0];
  const pool = name === undefined ? undefined : pools.get(name);
  return (
    <section class="pools" aria-label="Pools">
      <div class="tools">
        <label>
          Pool
          <select
            value={name}
            onChange={(event) => {
              location.hash = addressOfPage({ tab: 'pools', name: event.currentTarget.value });
            }}
          >
            {names.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <span class="count">{count(names.length, 'pool', 'pools')}</span>
      </div>
      {pool === undefined ? <p class="empty">{emptyText(state)}</p> : <Pool key={pool.name} pool={pool} />}
    </section>
  );
}

function emptyText(state: PageState): string {
  if (state.asOf === undefined) return 'Nothing is known yet.';
  return state.picture.pools.size === 0 ? 'There is no pool under this prefix.' : 'There is no such pool now.';
}

function Pool({ pool }: { readonly pool: PoolJson }) {
  const codes = useMemo(() => new Codes(), []);
  const [chosen, choose] = useState<string | undefined>(undefined);
  const [isList, setIsList] = useState(false);
  codes.assign(workersOf(pool));
  const { partitions, members } = pool;
  const unowned = countUnowned(partitions);
  return (
    <div class="pool">
      <div class="legend">
        <h2>{pool.name}</h2>
        <p>
          {count(partitions.length, 'partition', 'partitions')}, {count(members.length, 'worker', 'workers')},{' '}
          <span class={unowned > 0 ? 'nobody' : ''}>{unowned} unowned</span>
        </p>
        <ul>
          {members.map((member) => (
            <li key={member.id}>
              <Worker
                member={member}
                code={codes.of(member.id)}
                isChosen={chosen === member.id}
                choose={() => choose(chosen === member.id ? undefined : member.id)}
              />
            </li>
          ))}
        </ul>
      </div>
      <div class="map">
        <label class="toggle">
          <input type="checkbox" checked={isList} onChange={(event) => setIsList(event.currentTarget.checked)} />
          As a list
        </label>
        {isList ? (
          <PartitionTable pool={pool} codes={codes} chosen={chosen} />
        ) : (
          <PartitionMap
            theme={currentTheme()}
            windowHeight={globalThis.innerHeight}
            pool={pool}
            codes={codes}
            chosen={chosen}
          />
        )}
      </div>
    </div>
  );
}

/** The members, and whoever else is named as an owner. */
function workersOf({ members, partitions }: PoolJson): string[] {
  const ids = new Set(members.map(({ id }) => id));
  for (const { owner } of partitions) if (owner !== null) ids.add(owner);
  return [...ids];
}

interface WorkerProps {
  readonly member: MemberJson;
  readonly code: number;
  readonly isChosen: boolean;
  readonly choose: () => void;
}

/** A line of the legend. Pressed, it leaves only this worker's partitions in colour. */
function Worker({ member: { id, owned, isCoordinator }, code, isChosen, choose }: WorkerProps) {
  return (
    <button type="button" class="worker" aria-pressed={isChosen} onClick={choose}>
      <span class={`code fill-${code % 8}`}>{letters(code)}</span>
      <span class="id">{id}</span>
      {isCoordinator && <em>coordinator</em>}
      <span class="owned">{owned}</span>
    </button>
  );
}
