import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Segment } from './model/segments.js';

export interface TipContent {
  readonly segment?: Segment;
  readonly lines: readonly string[];
  readonly x: number;
  readonly y: number;
}

/** What is told about the thing under the pointer or the arrow keys. The same is announced, so nobody reads it here. */
export function Tip({ content }: { readonly content: TipContent | undefined }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const tip = ref.current;
    if (tip === null || content === undefined) return;
    const { offsetWidth, offsetHeight } = tip;
    const left = Math.min(content.x, globalThis.innerWidth - offsetWidth - 8);
    const isBelow = content.y + offsetHeight + 8 < globalThis.innerHeight;
    const top = isBelow ? content.y : content.y - offsetHeight - 40;
    tip.style.transform = `translate(${Math.max(8, left)}px, ${Math.max(8, top)}px)`;
  });
  if (content === undefined) return null;
  const [title, ...rest] = content.lines;
  return (
    <div class="tip" ref={ref} aria-hidden="true">
      <strong>{title}</strong>
      {rest.map((line) => (
        <div key={line}>{line}</div>
      ))}
    </div>
  );
}
