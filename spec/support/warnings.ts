import { tracked } from './track.js';

export interface Warning {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly detail: string | undefined;
}

/** The warnings of this process from now on, until the end of the spec. */
export function recordWarnings(): readonly Warning[] {
  const warnings: Warning[] = [];
  const listen = (warning: Error & { readonly code?: string; readonly detail?: string }): void => {
    const { name, code, message, detail } = warning;
    warnings.push({ name, code, message, detail });
  };
  process.on('warning', listen);
  tracked({ close: () => process.off('warning', listen) });
  return warnings;
}
