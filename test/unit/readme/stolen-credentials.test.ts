import assert from 'node:assert/strict';
import { test } from 'node:test';

const printed: unknown[] = [];
const console = { log: (...line: unknown[]): number => printed.push(line) };

test('the README’s emulator example: everything VTL0 has is stolen, and the hash is not in it', async () => {
  // README
  const { boot, ntHash } = await import('trustlet/emulator');

  for (const scenario of ['plain', 'credential-guard']) {
    const machine = boot(scenario);
    const logon = machine.lsa.logOn({ user: 'alice', domain: 'CONTOSO', password: 'correct horse' });
    const attacker = machine.compromisedKernel(); // VTL0's kernel from here on; it records LSASS' channel too
    const { status } = machine.lsa.ntlmResponse(logon, { serverChallenge: new Uint8Array(8) });
    const stolen = attacker.readEverything(); // every page VTL0 may read, every recorded message, the shared registers
    console.log(scenario, status, stolen.includes(ntHash('correct horse')));
  }
  // plain 0 true: LSASS itself has the hash
  // credential-guard 0 false: signing on works just the same, and the hash never left VTL1
  // README

  assert.deepEqual(printed, [
    ['plain', 0, true],
    ['credential-guard', 0, false],
  ]);
});
