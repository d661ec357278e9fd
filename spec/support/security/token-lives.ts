import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClientKind } from '../candidates.js';
import { until } from '../wait.js';

const program = fileURLToPath(new URL('../programs/token-lives.js', import.meta.url));

export const TOKEN_KINDS = ['simple tokens', 'JSON web tokens'] as const;
export type TokenKindName = (typeof TOKEN_KINDS)[number];

/** What became of two candidates and an onlooker when all tokens had run out that they had at first. */
export interface TokenLife {
  readonly kind: TokenKindName;
  readonly client: ClientKind;
  /** The story of the candidates until then. */
  readonly kept: readonly string[];
  /** The story with the two handovers after that. */
  readonly story: readonly string[];
  /** The value of the leader, as the client told that had done nothing all the while. */
  readonly seen: string | undefined;
  /** Tokens that this client has fetched for that. */
  readonly fetched: number;
  /** `verify()` of the next leader. */
  readonly isVerified: boolean;
}

export type TokenLivesReport = { readonly lives: readonly TokenLife[] } | { readonly failed: string };

/**
 * Candidates under tokens that live for minutes. They have clusters and a process of their own, so that they wait for
 * the end of their tokens while other specs run.
 */
export class TokenLives {
  readonly #child: ChildProcess;
  #report: TokenLivesReport | undefined;

  /** @param ttl seconds that the tokens live */
  constructor(ttl: number) {
    this.#child = fork(program, [String(ttl)]);
    this.#child.on('message', (report) => {
      this.#report = report as TokenLivesReport;
    });
  }

  /** Resolves with what became of the candidates under this kind of token. */
  async of(kind: TokenKindName, within: number): Promise<readonly TokenLife[]> {
    const ended = (): TokenLivesReport | undefined => {
      if (this.#report === undefined && this.#hasExited) return { failed: 'the process has ended' };
      return this.#report;
    };
    const report = await until(ended, { within, what: 'the tokens to run out' });
    if ('failed' in report) throw new Error(report.failed);
    return report.lives.filter((life) => life.kind === kind);
  }

  async close(): Promise<void> {
    if (this.#hasExited) return;
    const gone = once(this.#child, 'exit');
    this.#child.disconnect(); // it ends its clusters
    await gone;
  }

  get #hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
