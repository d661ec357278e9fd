import { useEffect, useRef } from 'preact/hooks';
import type { PageState } from './page-state.js';

/** Asks for the token that the server wants. The token stays in this tab, and goes to this server only. */
export function TokenForm({ state, wasRefused }: { readonly state: PageState; readonly wasRefused: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <form
      class="token"
      aria-label="Access"
      onSubmit={(event) => {
        event.preventDefault();
        const token = input.current?.value.trim() ?? '';
        if (token !== '') state.server?.useToken(token);
      }}
    >
      <label>
        Token
        <input ref={input} type="password" autocomplete="off" required aria-describedby="token-help" />
      </label>
      <button type="submit">Connect</button>
      <p id="token-help">
        {wasRefused ? 'The server has refused this token. ' : ''}
        It is the token that the server was started with, and is kept until this tab is closed.
        {!globalThis.isSecureContext && ' Without TLS everybody on the way can read it.'}
      </p>
    </form>
  );
}
