// docs/hypervisor.md shows the marked part (test/unit/readme.test.ts): what it shows is compiled, and run here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boot } from '../../../lib/emulator-entry.js';

test('an attack from VTL0’s kernel is intercepted, and the log tells it', () => {
  const printed: string[] = [];
  const console = { log: (line: string): number => printed.push(line) };

  // README
  const machine = boot('credential-guard');
  for (const { physicalAddress } of machine.physicalPages('lsaiso').slice(0, 1)) {
    const attempt = machine.compromisedKernel().read(physicalAddress, 16);
    console.log(attempt.outcome); // intercepted
  }
  console.log(machine.eventLines().slice(-7).join('\n')); // the intercept, the switch to VTL1, #GP for VTL0, the return
  // README

  assert.deepEqual(printed[0], 'intercepted');
  const lines = (printed[1] ?? '').replaceAll(/^#\d+ /gm, '').split('\n');
  assert.equal(lines.length, 7);
  assert.match(lines[0] ?? '', /^VP 0: VTL1 intercepts VTL0’s read of address 0x[0-9a-f]+000$/);
  assert.equal(lines[2], 'VP 0: VTL0 → VTL1 for an interrupt');
  assert.equal(lines[4], 'VP 0 VTL1: sets PendingEvent0 of VTL0 to 0xd0101');
  assert.equal(lines[6], 'VP 0: VTL1 → VTL0 by a VTL return');
});
