import { withResolvers } from '../../lib/common/deferred.js';
import type { Leadership } from '../../lib/leadership.js';

export interface RunningTask {
  readonly leadership: Leadership;
  end(result?: string): void;
  fail(err: Error): void;
}

/** A task for `run()` that goes on until the spec ends it. It writes its beginning and its signal into the story. */
export function newTask(story: string[]): {
  readonly work: (leadership: Leadership) => Promise<string>;
  /** Each run of the task. */
  readonly terms: readonly RunningTask[];
} {
  const terms: RunningTask[] = [];
  const work = (leadership: Leadership): Promise<string> => {
    const { promise, resolve, reject } = withResolvers<string>();
    story.push('task begins');
    leadership.signal.addEventListener('abort', () => story.push(`signal: ${leadership.signal.reason.code}`));
    terms.push({ leadership, end: (result = 'done') => resolve(result), fail: reject });
    return promise;
  };
  return { work, terms };
}
