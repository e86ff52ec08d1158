/** Rows B04, B23, B25 to B27 and N13: LSASS, LsaIso and what lies between them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, type Machine, ntHash, policies } from '../../../../lib/emulator/index.js';
import { parseBlob } from '../../../../lib/emulator/lsa/blob.js';
import { parseCredential } from '../../../../lib/emulator/lsa/credential.js';
import { kerberosKey } from '../../../../lib/emulator/lsa/kerberos.js';
import { nodeCrypto } from '../../../../lib/node-crypto.js';
import { testMachine } from '../machines.js';

const ALICE = { user: 'alice', domain: 'CONTOSO', password: 'correct horse battery' } as const;
const CHALLENGE = { serverChallenge: Uint8Array.of(1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef) };
const PAGE = 4096n;

/** The page of VTL1's that has the boot's key, which lies at its beginning. */
const keyPage = (machine: Machine): number => machine.snapshot().state.secretPages[1] ?? assert.fail();

const hasEverythingOf = (machine: Machine): readonly boolean[] => {
  const stolen = machine.compromisedKernel().readEverything();
  const { user, domain, password } = ALICE;
  return [
    stolen.includes(ntHash(password)),
    stolen.includes(kerberosKey(nodeCrypto, user, domain, password)),
    stolen.includes(Buffer.from(password, 'utf16le')),
  ];
};

describe('LSASS and LsaIso', () => {
  test('no secret that LsaIso keeps lies in anything that VTL0 reads', () => {
    const machine = testMachine();
    const logon = machine.lsa.logOn(ALICE);
    machine.compromisedKernel();
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0);
    assert.equal(machine.lsa.kerberos.preAuthenticate(logon).status, 0);
    assert.deepEqual(hasEverythingOf(machine), [false, false, false]);
    const key = machine.hypervisor.readPhysical(BigInt(keyPage(machine)) * PAGE, 32);
    assert.equal(machine.compromisedKernel().readEverything().includes(key), false);
    // The same search finds both where LSASS keeps them itself.
    const without = boot('plain');
    without.lsa.logOn(ALICE);
    assert.deepEqual(hasEverythingOf(without), [true, true, false]);
  });

  test('the trustlet with id 1 is LsaIso, and LSASS has its secrets kept there', () => {
    const machine = testMachine();
    const before = machine.physicalPages('lsaiso').length;
    assert.equal(machine.lsa.isolation, 'isolated');
    machine.lsa.logOn(ALICE);
    assert.equal(machine.lsa.credentials()[0]?.kind, 'isolated');
    assert.ok(machine.physicalPages('lsaiso').length > before);
    for (const other of ['vmsp', 'bioiso', 'fsiso', 'ppl-trustlet']) machine.exit(other);
    assert.equal(machine.lsa.isolation, 'isolated');
    machine.exit('lsaiso');
    assert.equal(machine.lsa.isolation, 'unreachable');
  });

  test('LsaIso answers LSASS at the port LSA_ISO_RPC_SERVER', () => {
    const machine = testMachine();
    const from = (machine.events.at(-1)?.sequence ?? -1) + 1;
    assert.deepEqual(machine.lsa.endpoint, { name: 'LSA_ISO_RPC_SERVER', answers: true });
    assert.deepEqual(machine.lsa.runningServices(), { status: 0, services: ['ntlm', 'kerberos'] });
    const calls = machine.events.filter(({ kind, sequence }) => kind === 'rpc' && sequence >= from);
    assert.deepEqual(
      calls.map((event) => event.kind === 'rpc' && [event.endpoint, event.direction, event.operation, event.bytes]),
      [
        ['LSA_ISO_RPC_SERVER', 'request', 'GetRunningServices', 20],
        ['LSA_ISO_RPC_SERVER', 'reply', 'GetRunningServices', 35],
      ],
    );
    // LsaIso’s turn: in VTL1, and back in VTL0 for each of its two system calls.
    const switches = machine.events.filter(({ kind, sequence }) => kind === 'vtl-switch' && sequence >= from);
    assert.deepEqual(
      switches.slice(-6).map((event) => event.kind === 'vtl-switch' && event.to),
      [1, 0, 1, 0, 1, 0],
    );
    const lines = machine.eventLines(from).filter((line) => line.includes('LSASS'));
    assert.deepEqual(
      lines.map((line) => line.replace(/^#\d+ /, '')),
      [
        'LSASS asks LSA_ISO_RPC_SERVER: GetRunningServices, 20 bytes',
        'LSA_ISO_RPC_SERVER answers LSASS: GetRunningServices, 35 bytes',
      ],
    );
  });

  test('what LsaIso gives LSASS to keep is encrypted, anew each time', () => {
    const machine = testMachine();
    machine.lsa.logOn(ALICE);
    machine.lsa.logOn(ALICE);
    const blobs = machine.lsa.credentials().map(({ bytes }) => {
      const wrapper = parseCredential(bytes);
      assert.equal(wrapper?.encrypted, true);
      const blob = parseBlob(wrapper.bytes);
      if (typeof blob === 'string') assert.fail(blob);
      assert.deepEqual([blob.type, wrapper.bytes.length], ['NtlmHash', 160]);
      assert.equal(Buffer.from(bytes).includes(Buffer.from(ntHash(ALICE.password))), false);
      return blob;
    });
    const [first, second] = blobs;
    assert.notDeepEqual(first?.kdfContext, second?.kdfContext);
    assert.notDeepEqual(first?.ciphertext, second?.ciphertext);
  });

  test('VTL0 neither reads, writes nor maps a page of LsaIso or of its keys', () => {
    const machine = testMachine();
    const logon = machine.lsa.logOn(ALICE);
    machine.lsa.ntlmResponse(logon, CHALLENGE);
    const kernel = machine.compromisedKernel();
    const own = machine.physicalPages('lsaiso').filter(({ owner }) => owner === 1);
    const pages = [...own.map(({ physicalAddress }) => Number(physicalAddress / PAGE)), keyPage(machine)];
    assert.ok(pages.length > 3);
    for (const page of pages) {
      const address = BigInt(page) * PAGE;
      const before = machine.hypervisor.readPhysical(address, 4096);
      assert.equal(kernel.read(address, 64).outcome, 'intercepted');
      assert.equal(kernel.write(address, new Uint8Array(64)).outcome, 'intercepted');
      assert.equal(kernel.execute(address).outcome, 'intercepted');
      assert.equal(kernel.mapAndRead(page, 64).outcome, 'intercepted');
      assert.equal(kernel.dma(address, new Uint8Array(64), 'read').outcome, 'blocked');
      assert.deepEqual(machine.hypervisor.readPhysical(address, 4096), before);
    }
    for (const { address } of own) {
      const bytes = new Uint8Array(64);
      const touched = machine.kernel.KeStackAttachAndTouch(machine.pidOf('lsaiso'), address, bytes, 'read');
      assert.deepEqual([touched.status, touched.copied], [0xc0000005, 0]);
    }
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0);
  });

  test('LsaIso refuses NTLMv1, where LSASS alone answers it', () => {
    const responseOf = (machine: Machine): readonly number[] => {
      const logon = machine.lsa.logOn(ALICE);
      const { status, response } = machine.lsa.ntlmV1Response(logon, CHALLENGE.serverChallenge);
      return [status, response.length];
    };
    assert.deepEqual(responseOf(testMachine()), [0xc00000bb, 0]);
    assert.deepEqual(responseOf(boot('plain')), [0, 24]);
    const policy = 'ntlmv1-with-credential-guard';
    assert.ok(policies.some(({ name }) => name === policy));
    assert.deepEqual(responseOf(testMachine({ policies: { [policy]: 'answered' } })), [0, 24]);
    assert.deepEqual(responseOf(testMachine({ policies: { [policy]: 'STATUS_ACCESS_DENIED' } })), [0xc0000022, 0]);
  });
});
