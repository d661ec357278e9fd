import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows above and below the visible ones, so that a quick scroll finds them drawn. */
const SPARE = 3;

export interface WindowedProps<T> {
  readonly id: string;
  readonly label: string;
  readonly items: readonly T[];
  readonly rowHeight: number;
  readonly rowClass: (item: T) => string;
  /** The row that the arrow keys are on. */
  readonly active: number;
  readonly activate: (index: number) => void;
  readonly open: (item: T) => void;
  /** Other keys. */
  readonly onKey?: (event: KeyboardEvent) => void;
  readonly onBlur?: () => void;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly children: (item: T, width: number) => ComponentChildren;
}

/**
 * A list of thousands of rows of which only those in sight exist. The list itself has the focus, so that no row takes
 * the focus away with it when it is scrolled out of sight.
 */
export function Windowed<T>(props: WindowedProps<T>) {
  const { id, label, items, rowHeight, rowClass, active, activate, open, scroller } = props;
  const size = useSize(scroller);
  const [top, setTop] = useState(0);
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  const first = Math.max(0, Math.floor(top / rowHeight) - SPARE);
  const last = Math.min(items.length, Math.ceil((top + size.height) / rowHeight) + SPARE);
  // A row that is scrolled out of sight comes back as another one. New rows in each frame would be garbage that takes
  // the browser longer to collect than the rows to draw.
  const slots = Math.ceil(size.height / rowHeight) + 2 * SPARE + 1;
  const move = (index: number): void => {
    const next = Math.min(items.length - 1, Math.max(0, index));
    activate(next);
    scrollTo(scroller.current, next, rowHeight);
  };
  const page = Math.max(1, Math.floor(size.height / rowHeight) - 1);
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    PageDown: active + page,
    PageUp: active - page,
    Home: 0,
    End: items.length - 1,
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = moves[event.key];
    const item = items[active];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (next !== undefined) move(next);
    else if (event.key === 'Enter' && item !== undefined) open(item);
    else {
      props.onKey?.(event);
      return;
    }
    event.preventDefault();
  };

  return (
    <div
      ref={scroller}
      id={id}
      class="scroller"
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={active >= first && active < last ? `${id}-${active}` : undefined}
      onKeyDown={onKeyDown}
      onBlur={() => props.onBlur?.()}
      onScroll={(event) => {
        const { scrollTop } = event.currentTarget;
        cancelAnimationFrame(frame.current);
        frame.current = requestAnimationFrame(() => setTop(scrollTop));
      }}
    >
      <div class="rows" role="presentation" style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(first, last).map((item, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the focus and the keys
          <div
            key={(first + at) % slots}
            id={`${id}-${first + at}`}
            class={`row ${rowClass(item)}${first + at === active ? ' active' : ''}`}
            role="option"
            tabIndex={-1}
            aria-selected={first + at === active}
            aria-posinset={first + at + 1}
            aria-setsize={items.length}
            style={{ transform: `translateY(${(first + at) * rowHeight}px)`, height: `${rowHeight}px` }}
            onClick={() => {
              activate(first + at);
              open(item);
            }}
          >
            {props.children(item, size.width)}
          </div>
        ))}
      </div>
    </div>
  );
}

function scrollTo(scroller: HTMLDivElement | null, index: number, rowHeight: number): void {
  if (scroller === null) return;
  const { scrollTop, clientHeight } = scroller;
  const [from, until] = [index * rowHeight, (index + 1) * rowHeight];
  if (from < scrollTop) scroller.scrollTop = from;
  else if (until > scrollTop + clientHeight) scroller.scrollTop = until - clientHeight;
}

/** The inner size of an element, followed. */
export function useSize(ref: RefObject<HTMLElement | null>): { readonly width: number; readonly height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}

/** Whether a media query holds, followed. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const change = (): void => setHolds(list.matches);
    list.addEventListener('change', change);
    return () => list.removeEventListener('change', change);
  }, [query]);
  return holds;
}
