import type { IOptions } from 'etcd3';
import type { CallOptions } from './call-guard.js';
import { STATUS } from './errors.js';

/** A user of etcd. */
export interface PasswordAuth {
  readonly username: string;
  /**
   * The password, or a function that gives it: it is called whenever a token is fetched, so that a changed password
   * needs no new client. When it throws, rejects or takes longer than 2 s, the request fails with `UNAVAILABLE`, and is
   * tried again.
   */
  readonly password: string | (() => string | PromiseLike<string>);
  /** Options of gRPC for the call that fetches a token. */
  readonly callOptions?: NonNullable<IOptions['auth']>['callOptions'];
}

type Interceptor = NonNullable<CallOptions['interceptors']>[number];

/** What etcd3 takes: it knows a password that never changes, so the message is completed on its way. */
export function withPassword({ username, password, callOptions }: PasswordAuth): NonNullable<IOptions['auth']> {
  if (typeof password === 'string') return { username, password, ...(callOptions && { callOptions }) };
  const current = oneAtATime(password);
  return {
    username,
    password: '',
    callOptions: (context) => {
      const given = typeof callOptions === 'function' ? callOptions(context) : callOptions;
      return { ...given, interceptors: [...(given?.interceptors ?? []), complete(current)] };
    },
  };
}

/** Calls that come while the password is being fetched get the same one: a slow function is not called often. */
function oneAtATime(password: () => string | PromiseLike<string>): () => Promise<string> {
  let pending: Promise<string> | undefined;
  const fetch = async (): Promise<string> => {
    const answer: unknown = await password();
    if (typeof answer !== 'string') throw new Error(`it must give a string; got ${typeof answer}`);
    return answer;
  };
  return () => {
    pending ??= fetch().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}

/** The message waits until the password is there, and the end of the request waits for the message. */
function complete(current: () => Promise<string>): Interceptor {
  return (options, nextCall) => {
    const call = nextCall(options);
    const send = call.sendMessageWithContext.bind(call);
    const end = call.halfClose.bind(call);
    let sent = Promise.resolve(true);
    call.sendMessageWithContext = (context, message: object) => {
      sent = current().then(
        (password) => {
          send(context, { ...message, password });
          return true;
        },
        (err: unknown) => {
          const reason = err instanceof Error ? err.message : String(err);
          call.cancelWithStatus(STATUS.FAILED_PRECONDITION, `the function \`auth.password\` failed: ${reason}`);
          return false;
        },
      );
    };
    call.halfClose = () => {
      void sent.then((isSent) => {
        if (isSent) end();
      });
    };
    return call as unknown as ReturnType<Interceptor>;
  };
}
