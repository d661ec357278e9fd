import { expect } from 'chai';
import { onAbort } from '../lib/common/abort.js';
import { settle } from './support/virtual-time.js';
import { recordWarnings } from './support/warnings.js';

describe('an abort signal', () => {
  it('may be waited for by many, without a warning of a leak', async () => {
    const warnings = recordWarnings();
    const { signal } = new AbortController();
    for (let n = 0; n < 100; n++) onAbort(signal, () => {});
    await settle();
    expect(warnings).to.deep.equal([]);
  });

  it('reaches each listener once, unless the listener was removed', () => {
    const controller = new AbortController();
    const heard: string[] = [];
    onAbort(controller.signal, () => heard.push('a'));
    onAbort(controller.signal, () => heard.push('b'))();
    controller.abort();
    controller.signal.dispatchEvent(new Event('abort'));
    expect(heard).to.deep.equal(['a']);
  });

  it('may be missing', () => {
    expect(() => onAbort(undefined, () => {})()).not.to.throw();
  });
});
