import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CliError, EXIT } from '../exit.js';

/** Not `ETCD_LEADER_TOKEN`: in that variable `run` gives its command the fencing token, which everybody may know. */
export const TOKEN_VARIABLE = 'ETCD_LEADER_SERVE_TOKEN';

/** Fewer characters could be guessed. */
const SHORTEST = 16;
/** What may stand after `Bearer`, by RFC 6750. */
const FORM = /^[\w.~+/-]+=*$/;

/** The secret that a client must show. Nothing prints it. */
export class AccessToken {
  readonly #digest: Buffer;

  constructor(secret: string) {
    this.#digest = digestOf(secret);
  }

  /** Whether a header `Authorization` shows the token. Takes as long for a wrong token as for the right one. */
  isShownBy(header: string | undefined): boolean {
    const [, shown = ''] = /^bearer +(\S+) *$/i.exec(header ?? '') ?? [];
    return timingSafeEqual(digestOf(shown), this.#digest);
  }
}

/** The digest of a text. All digests are equally long, as the comparison wants them. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * The token from the file, or else from the environment; undefined: there is none. Never from an argument, which every
 * user of the machine can see.
 *
 * @throws CliError
 */
export function readToken(file: string | undefined, env: NodeJS.ProcessEnv): AccessToken | undefined {
  if (file !== undefined) return checked(readSecret(file), `the token in ${file}`);
  const secret = env[TOKEN_VARIABLE];
  return secret === undefined || secret === '' ? undefined : checked(secret.trim(), `the token in ${TOKEN_VARIABLE}`);
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (err) {
    throw new CliError(EXIT.usage, `--token-file: ${(err as Error).message}`, { cause: err });
  }
}

function checked(secret: string, what: string): AccessToken {
  if (secret.length < SHORTEST) {
    throw new CliError(EXIT.usage, `${what} must have ${SHORTEST} characters or more; it has ${secret.length}`);
  }
  if (!FORM.test(secret)) {
    throw new CliError(EXIT.usage, `${what} may have letters, digits and -._~+/ only, with = at the end`);
  }
  return new AccessToken(secret);
}
