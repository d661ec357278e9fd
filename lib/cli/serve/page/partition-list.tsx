import { useRef, useState } from 'preact/hooks';
import type { PartitionJson, PoolJson } from '../../../view/json.js';
import { type Codes, letters } from './model/codes.js';
import { ownerText } from './model/text.js';
import { Windowed } from './windowed.js';

export interface PartitionTableProps {
  readonly pool: PoolJson;
  readonly codes: Codes;
  readonly chosen: string | undefined;
}

/** The same as the map, as text. Partitions whose owner has no name come first: nobody owns them, or no member does. */
export function PartitionTable({ pool, codes, chosen }: PartitionTableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const wanted = pool.partitions.filter(({ owner }) => chosen === undefined || owner === chosen);
  const items = [...wanted.filter(({ owner }) => owner === null), ...wanted.filter(({ owner }) => owner !== null)];
  return (
    <Windowed
      id="partitions"
      label="Partitions"
      items={items}
      rowHeight={32}
      rowClass={({ owner }) => (owner === null ? 'without' : '')}
      active={Math.min(active, Math.max(0, items.length - 1))}
      activate={setActive}
      open={() => {}}
      scroller={scroller}
    >
      {(partition) => <Row partition={partition} codes={codes} />}
    </Windowed>
  );
}

function Row({ partition, codes }: { partition: PartitionJson; codes: Codes }) {
  const { name, owner, fencingToken } = partition;
  const code = owner === null ? undefined : codes.of(owner);
  return (
    <>
      <span class="cell-name">{name}</span>
      <span class="unseen">: </span>
      {code === undefined ? (
        <span class="cell-leader nobody">{ownerText(partition)}</span>
      ) : (
        <span class="cell-leader">
          <span aria-hidden="true" class={`code fill-${code % 8}`}>
            {letters(code)}
          </span>
          {owner}
        </span>
      )}
      <span class="unseen">{fencingToken === null ? '' : ', token '}</span>
      <span class="cell-token">{fencingToken ?? ''}</span>
    </>
  );
}
