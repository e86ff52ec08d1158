// README
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Held, open, TrustletError, type Vsm } from 'trustlet';
import { assertNoTrustletTouched, buildMachine, reuseAtEveryOpen } from 'trustlet/testing';

type Injector = (held: Held) => void; // native on Windows; below, over the emulated Win32 surface

/** The agent under test: injects into every process the guard lets it have. */
const protectEverything = (vsm: Vsm, inject: Injector): void => {
  for (const { pid } of vsm.census()) {
    try {
      vsm.guard.run(pid, 'allocate', inject);
    } catch (error) {
      if (!TrustletError.is(error) || error.code !== 'ERR_TRUSTLET_REFUSED') throw error;
    }
  }
};

const boot = () => buildMachine().process('browser').trustlet('lsaiso').boot();

const runAgent = (machine: ReturnType<typeof boot>): void =>
  protectEverything(open({ backend: machine }), (held) => {
    machine.win32.VirtualAllocEx(held.handle, 0n, 4096, 0x3000, 0x04); // MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE
  });

test('the agent reaches ordinary processes and leaves trustlets alone', () => {
  const machine = boot();
  runAgent(machine);
  assert.ok(machine.touches.some(({ label, outcome }) => label === 'browser' && outcome === 'effect'));
  assertNoTrustletTouched(machine);
});

test('not even when the pid changes hands, whatever the moment', () => {
  reuseAtEveryOpen(boot, 'browser', runAgent);
});
// README
