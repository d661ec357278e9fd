import { type PageState, WINDOWS } from './page-state.js';

/** How much time the timelines show. */
export function WindowChoice({ state }: { readonly state: PageState }) {
  return (
    <fieldset class="choice">
      <legend class="unseen">Time shown</legend>
      {WINDOWS.map((window) => (
        <label key={window.ms}>
          <input
            type="radio"
            name="window"
            checked={state.view.window === window}
            onChange={() => state.choose({ window })}
          />
          <span>{window.short}</span>
        </label>
      ))}
    </fieldset>
  );
}
