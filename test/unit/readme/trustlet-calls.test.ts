// docs/secure-kernel.md shows the marked part (test/unit/readme.test.ts): what it shows is compiled, and run here.
import assert from 'node:assert/strict';
import { test } from 'node:test';

const printed: unknown[] = [];
const console = { log: (line: unknown): number => printed.push(line) };

test('a trustlet’s calls: one that NT serves, one that is disabled, and the log that tells it', async () => {
  // README
  const { boot } = await import('trustlet/emulator');

  const machine = boot();
  machine.secureKernel.run('lsaiso', (calls) => {
    // SystemIsolatedUserModeInformation: marshalled to NT in VTL0 and back.
    console.log(calls.call('NtQuerySystemInformation', Uint8Array.of(165, 0, 0, 0), 16).status); // 0
    // No trustlet opens files.
    console.log(calls.call('NtCreateFile', new Uint8Array(8), 8).status.toString(16)); // c000001c
  });
  for (const event of machine.events.slice(-8)) console.log(machine.explain(event).sentence);
  // README

  assert.deepEqual(printed.slice(0, 2), [0, 'c000001c']);
  assert.equal(printed.length, 10);
  assert.ok(printed.slice(2).some((line) => /NtQuerySystemInformation/.test(String(line))));
});
