import type { ClientKind } from '../candidates.js';

export const TOKEN_KINDS = ['simple tokens', 'JSON web tokens'] as const;
export type TokenKindName = (typeof TOKEN_KINDS)[number];

/**
 * What became of two candidates and an onlooker when all tokens had run out that they had at first, and etcd had
 * granted two more refreshes of the leader's lease.
 */
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
