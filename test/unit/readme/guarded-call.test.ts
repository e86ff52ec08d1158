import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Held, open, TrustletError, toJson } from 'trustlet';

const vsm = open({ backend: 'emulated' });
const injected: number[] = [];
const inject = (held: Held): void => {
  injected.push(held.pid);
};
const logged: string[] = [];
const log = (...parts: string[]): void => {
  logged.push(...parts);
};

test('the README’s guarded call refuses a trustlet and lets an ordinary process through', () => {
  for (const label of ['lsaiso', 'notepad']) {
    const pid = vsm.machine.pidOf(label);
    // README
    try {
      vsm.guard.run(pid, ['allocate', 'write', 'create-thread'], (held) => {
        inject(held); // act here and only here, through held.handle
      });
    } catch (error) {
      if (!TrustletError.is(error) || error.code !== 'ERR_TRUSTLET_REFUSED') throw error;
      log(error.message, JSON.stringify(toJson(error.decision))); // what, which pid, why, what to do
    }
    // README
  }
  assert.deepEqual(injected, [vsm.machine.pidOf('notepad')]);
  assert.match(logged.join(' '), /Refused allocate\+write\+create-thread on pid \d+: secure.*"decision":"refuse"/);
});
