/** Keeps one core busy. Ends with the process that forked it. */
import { whenOrphaned } from '../../spec/support/programs/parent.js';

/** Milliseconds between two looks at whether the parent is still there. */
const SLICE = 20;

whenOrphaned();
spin();

function spin(): void {
  const end = performance.now() + SLICE;
  while (performance.now() < end);
  setImmediate(spin);
}
