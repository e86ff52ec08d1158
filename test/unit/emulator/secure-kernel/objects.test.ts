/** What the secure kernel keeps for trustlets and does for them: mailbox, secure storage, cryptography (facts/vsm.md 3.8). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine, SystemCallResult } from '../../../../lib/emulator/index.js';
import { trustlet } from '../../../support/pe/samples.js';
import { openAll, testMachine, text } from '../machines.js';
import { words } from './secure-machines.js';

const INVALID_PARAMETER = 0xc000000d;
const ACCESS_DENIED = 0xc0000022;
const NOT_FOUND = 0xc0000034;
const KEY = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf';
const keyBytes = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index);
const COLLABORATION = 'c0c1c2c3c4c5c6c7c8c9cacbcccdcecf';
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]));

const call = (machine: Machine, label: string, service: string, input: Uint8Array, room = 64): SystemCallResult =>
  machine.secureKernel.callsOf(label).call(service, input, room);

/** Starts a trustlet whose image has the Capability policy. */
const start = (machine: Machine, label: string, id: bigint, collaborationId?: string): void => {
  const entries = [{ type: 9, id: 10, value: 1n }];
  const image = trustlet({ policy: { applicationId: id, entries } }).bytes;
  assert.equal(machine.secureKernel.createTrustlet({ label, image, collaborationId, mailboxKey: KEY }).status, 0);
};

describe('secure storage', () => {
  const put = (machine: Machine, label: string, scope: number, slot: number, value: string): number =>
    call(machine, label, 'IumSecureStoragePut', joined(words(scope, slot), bytes(value)), 0).status;
  const get = (machine: Machine, label: string, scope: number, slot: number, room = 64): readonly [number, string] => {
    const { status, output } = call(machine, label, 'IumSecureStorageGet', words(scope, slot), room);
    return [status, text(output)];
  };

  test('keeps what an instance puts there, for that instance alone, out of VTL0’s reach', () => {
    const machine = testMachine();
    start(machine, 'one', 40n);
    start(machine, 'two', 40n);
    assert.equal(put(machine, 'one', 0, 3, 'first value'), 0);
    assert.equal(put(machine, 'one', 0, 3, 'a secret value'), 0);
    assert.deepEqual(get(machine, 'one', 0, 3), [0, 'a secret value']);
    assert.deepEqual(get(machine, 'one', 0, 4), [NOT_FOUND, '']);
    assert.deepEqual(get(machine, 'two', 0, 3), [NOT_FOUND, '']);
    assert.deepEqual(get(machine, 'one', 0, 3, 5), [0xc0000023, '']);
    assert.equal(machine.compromisedKernel().readEverything().includes(bytes('a secret value')), false);
  });

  test('of a collaboration is shared by the instances of one trustlet, and outlives each', () => {
    const machine = testMachine();
    start(machine, 'one', 40n, COLLABORATION);
    start(machine, 'two', 40n, COLLABORATION);
    start(machine, 'other', 41n, COLLABORATION);
    assert.equal(put(machine, 'one', 1, 3, 'shared'), 0);
    machine.exit('one');
    assert.deepEqual(get(machine, 'two', 1, 3), [0, 'shared']);
    assert.deepEqual(get(machine, 'other', 1, 3), [NOT_FOUND, '']);
    start(machine, 'alone', 40n);
    assert.equal(put(machine, 'alone', 1, 3, 'x'), INVALID_PARAMETER);
  });

  test('is for trustlets whose image has the capability', () => {
    const machine = testMachine();
    assert.equal(put(machine, 'lsaiso', 0, 1, 'x'), ACCESS_DENIED);
    assert.equal(get(machine, 'lsaiso', 0, 1)[0], ACCESS_DENIED);
    assert.equal(put(machine, 'vmsp', 0, 1, 'x'), 0);
    assert.equal(call(machine, 'vmsp', 'IumSecureStoragePut', words(0), 0).status, INVALID_PARAMETER);
    assert.equal(call(machine, 'vmsp', 'IumSecureStoragePut', new Uint8Array(8 + 4097), 0).status, INVALID_PARAMETER);
    assert.equal(call(machine, 'vmsp', 'IumSecureStoragePut', new Uint8Array(8 + 4096), 0).status, 0);
  });

  test('is in a snapshot', () => {
    const machine = testMachine();
    assert.equal(put(machine, 'vmsp', 0, 1, 'before'), 0);
    const snapshot = machine.snapshot();
    assert.equal(put(machine, 'vmsp', 0, 1, 'after'), 0);
    machine.restore(snapshot);
    assert.deepEqual(get(machine, 'vmsp', 0, 1), [0, 'before']);
  });
});

describe('a mailbox', () => {
  const post = (machine: Machine, label: string, slot: number, value: Uint8Array): number =>
    call(machine, label, 'IumPostMailbox', joined(words(slot), value), 0).status;

  test('has eight slots of a page each, and none for a trustlet without a key', () => {
    const machine = testMachine();
    start(machine, 'poster', 40n);
    for (const slot of [0, 7]) assert.equal(post(machine, 'poster', slot, bytes('message')), 0);
    for (const slot of [8, 0xffff_ffff]) assert.equal(post(machine, 'poster', slot, bytes('x')), INVALID_PARAMETER);
    assert.equal(post(machine, 'poster', 1, new Uint8Array(4097)), INVALID_PARAMETER);
    assert.equal(post(machine, 'poster', 1, new Uint8Array(4096)), 0);
    assert.equal(call(machine, 'poster', 'IumPostMailbox', new Uint8Array(3), 0).status, INVALID_PARAMETER);
    assert.equal(post(machine, 'lsaiso', 0, bytes('x')), 0xc00000bb);
    assert.equal(machine.secureKernel.retrieveMailbox('lsaiso', 0, keyBytes).status, ACCESS_DENIED);
  });

  test('has the last message posted to a slot, and gives an empty one too', () => {
    const machine = testMachine();
    start(machine, 'poster', 40n);
    post(machine, 'poster', 2, bytes('one'));
    post(machine, 'poster', 2, bytes('two'));
    assert.equal(text(machine.secureKernel.retrieveMailbox('poster', 2, keyBytes).message), 'two');
    post(machine, 'poster', 2, new Uint8Array(0));
    assert.deepEqual(machine.secureKernel.retrieveMailbox('poster', 2, keyBytes), {
      status: 0,
      message: new Uint8Array(0),
    });
    assert.equal(machine.secureKernel.retrieveMailbox('poster', 9, keyBytes).status, 0x8000001a);
  });

  test('gives a message to no buffer that is too small, or VTL1’s', () => {
    const machine = testMachine();
    start(machine, 'poster', 40n);
    post(machine, 'poster', 2, bytes('message'));
    const { handle } = machine.secureKernel.trustlet('poster');
    machine.compromisedKernel().write(0x12_0000n, keyBytes);
    const retrieve = (key: bigint, into: bigint, length: bigint) =>
      machine.secureKernel.invoke('RETRIEVE_MAILBOX', [handle, 2n, key, into, length]);
    assert.deepEqual([retrieve(0x12_0000n, 0x12_1000n, 6n).status], [0xc0000023]);
    assert.equal(retrieve(0x12_0000n, 0x102_0000n, 7n).status, 0xc0000005);
    assert.equal(retrieve(0x102_0000n, 0x12_1000n, 7n).status, 0xc0000005);
    assert.equal(retrieve(0x12_0000n, 0x12_1000n, 7n).status, 0);
    assert.equal(text(machine.compromisedKernel().read(0x12_1000n, 7).data), 'message');
  });
});

describe('the cryptographic service', () => {
  const run = (machine: Machine, label: string, operation: number, data: Uint8Array, room = 512): SystemCallResult =>
    call(machine, label, 'IumCrypto', joined(words(operation), data), room);

  test('encrypts for one trustlet and one boot', () => {
    const machine = testMachine();
    const sealed = run(machine, 'lsaiso', 0, bytes('plain text'));
    assert.equal(sealed.status, 0);
    assert.equal(text(sealed.output).includes('plain'), false);
    assert.equal(text(run(machine, 'lsaiso', 1, sealed.output).output), 'plain text');
    assert.notDeepEqual(run(machine, 'lsaiso', 0, bytes('plain text')).output, sealed.output);
    assert.equal(run(machine, 'vmsp', 1, sealed.output).status, 0xc0000001);
    const altered = sealed.output.slice();
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
    assert.equal(run(machine, 'lsaiso', 1, altered).status, 0xc0000001);
    assert.equal(run(machine, 'lsaiso', 1, sealed.output.slice(0, 20)).status, INVALID_PARAMETER);
    const reboot = testMachine({ system: { bootId: 2 } });
    assert.equal(run(reboot, 'lsaiso', 1, sealed.output).status, 0xc0000001);
  });

  test('gives random bytes and reports, and refuses what it does not know', () => {
    const machine = testMachine();
    const [one, two] = [
      run(machine, 'lsaiso', 2, new Uint8Array(0), 16),
      run(machine, 'lsaiso', 2, new Uint8Array(0), 16),
    ];
    assert.deepEqual([one.output.length, two.output.length], [16, 16]);
    assert.notDeepEqual(one.output, two.output);
    const report = (): { readonly everDebugged: boolean; readonly debugPolicy: string; readonly trustletId: string } =>
      JSON.parse(text(run(machine, 'fsiso', 3, new Uint8Array(0)).output.subarray(32)));
    const { everDebugged, debugPolicy, trustletId } = report();
    assert.deepEqual([everDebugged, debugPolicy, trustletId], [false, 'always', '5']);
    assert.equal(machine.win32.DebugActiveProcess(machine.pidOf('fsiso')), true);
    assert.equal(report().everDebugged, true);
    assert.equal(run(machine, 'fsiso', 4, new Uint8Array(0)).status, INVALID_PARAMETER);
    assert.equal(call(machine, 'fsiso', 'IumCrypto', new Uint8Array(3)).status, INVALID_PARAMETER);
  });

  test('never leaves VTL1', () => {
    const machine = testMachine();
    const asked: string[] = [];
    machine.secureKernel.onNormalCall(({ service }) => {
      asked.push(service);
      return undefined;
    });
    assert.equal(run(machine, 'lsaiso', 0, bytes('text')).status, 0);
    assert.deepEqual(asked, []);
  });
});

describe('debugging a trustlet on demand', () => {
  test('is allowed by the right response to a challenge, once for each', () => {
    const machine = testMachine();
    const { secureKernel } = machine;
    const attach = (): boolean => machine.win32.DebugActiveProcess(machine.pidOf('vmsp'));
    assert.equal(attach(), false);
    const { status, challenge } = secureKernel.debugChallenge('vmsp');
    assert.deepEqual([status, challenge.length], [0, 32]);
    assert.equal(secureKernel.enableDebugging('vmsp', new Uint8Array(32)), ACCESS_DENIED);
    // The challenge is used up.
    assert.equal(secureKernel.enableDebugging('vmsp', secureKernel.responseTo(challenge)), INVALID_PARAMETER);
    assert.equal(attach(), false);
    const again = secureKernel.debugChallenge('vmsp').challenge;
    assert.notDeepEqual(again, challenge);
    assert.equal(secureKernel.enableDebugging('vmsp', secureKernel.responseTo(again)), 0);
    assert.equal(attach(), true);
    assert.equal(secureKernel.trustlet('vmsp').isDebugged, true);
  });

  test('goes through class 72 of a process, out and in', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const handle = openAll(machine, 'vmsp');
    const challenge = new Uint8Array(32);
    assert.equal(win32.NtQueryInformationProcess(handle, 72, challenge), 0);
    assert.ok(new Set(challenge).size > 8);
    assert.equal(win32.SetProcessInformation(handle, 72, new Uint8Array(32)), false);
    assert.equal(win32.GetLastError(), 5);
    assert.equal(win32.NtQueryInformationProcess(handle, 72, challenge), 0);
    assert.equal(win32.SetProcessInformation(handle, 72, machine.secureKernel.responseTo(challenge)), true);
    assert.equal(win32.DebugActiveProcess(machine.pidOf('vmsp')), true);
    // Another length, a process that is no trustlet, no handle.
    assert.equal(win32.NtQueryInformationProcess(handle, 72, new Uint8Array(31)), 0xc0000004);
    assert.equal(win32.NtQueryInformationProcess(openAll(machine, 'notepad'), 72, challenge), INVALID_PARAMETER);
    assert.equal(win32.NtQueryInformationProcess(0x44n, 72, challenge), 0xc0000008);
    assert.equal(win32.SetProcessInformation(handle, 72, new Uint8Array(8)), false);
    assert.equal(win32.GetLastError(), 24);
    assert.equal(win32.SetProcessInformation(openAll(machine, 'notepad'), 72, challenge), false);
    assert.equal(win32.GetLastError(), 87);
  });

  test('is for images with that policy, and answers to addresses that are VTL0’s', () => {
    const { secureKernel } = testMachine();
    assert.deepEqual(secureKernel.debugChallenge('lsaiso'), { status: 0xc00000bb, challenge: new Uint8Array(0) });
    assert.equal(secureKernel.enableDebugging('lsaiso', new Uint8Array(32)), INVALID_PARAMETER);
    const { handle } = secureKernel.trustlet('vmsp');
    assert.equal(secureKernel.invoke('GET_ON_DEMAND_DEBUG_CHALLENGE', [handle, 0x102_0000n]).status, 0xc0000005);
    assert.equal(secureKernel.invoke('ENABLE_ON_DEMAND_DEBUG_WITH_RESPONSE', [handle, 0x102_0000n]).status, 0xc0000005);
  });

  test('lets the debugger read and write through the secure kernel, and go nowhere else', () => {
    const machine = testMachine();
    const { secureKernel } = machine;
    const { handle, cookies } = secureKernel.trustlet('fsiso');
    const memory = (...args: readonly bigint[]): number =>
      secureKernel.invoke('DEBUG_READ_WRITE_MEMORY', [handle, ...args]).status;
    const { dataAddress } = machine.process('fsiso');
    assert.equal(memory(dataAddress, 0x12_0000n, 4n, 1n), ACCESS_DENIED);
    assert.equal(machine.win32.DebugActiveProcess(machine.pidOf('fsiso')), true);
    machine.compromisedKernel().write(0x12_0000n, bytes('edit'));
    assert.equal(memory(dataAddress, 0x12_0000n, 4n, 1n), 0);
    assert.equal(text(machine.readMemory('fsiso', dataAddress, 8)), 'edit sec');
    assert.equal(memory(dataAddress, 0x102_0000n, 4n, 0n), 0xc0000005);
    assert.equal(memory(dataAddress, 0x12_0000n, 4097n, 0n), INVALID_PARAMETER);
    assert.equal(memory(2n ** 63n, 0x12_0000n, 8n, 0n), INVALID_PARAMETER);
    assert.equal(memory(0x1000n, 0x12_0000n, 8n, 0n), 0x8000000d);
    const context = (cookie: bigint): number => secureKernel.invoke('SET_CONTEXT', [handle, cookie, 0x4000n]).status;
    assert.deepEqual([context(BigInt(cookies[0] ?? 0)), context(0n)], [0, 0xc0000008]);
  });
});

describe('a live dump', () => {
  test('goes into no buffer of VTL1’s', () => {
    const machine = testMachine();
    machine.spawn({ label: 'dumped', trustlet: { id: 4, crashDump: 'encrypted' } });
    machine.readMemory('dumped', machine.process('dumped').dataAddress, 1);
    const { handle } = machine.secureKernel.trustlet('dumped');
    assert.equal(machine.secureKernel.invoke('LIVEDUMP_CAPTURE_PROCESS', [handle, 0n, 0x102_0000n]).status, 0xc0000005);
    assert.equal(
      machine.secureKernel.invoke('LIVEDUMP_CAPTURE_PROCESS', [handle, 2n ** 63n, 0x12_0000n]).status,
      0x8000001a,
    );
    machine.fail('SecureCall', { status: 'STATUS_NO_MEMORY', nth: 2 });
    const { status, pages } = machine.secureKernel.liveDump('dumped');
    assert.deepEqual([status, pages.length], [0xc0000017, 1]);
  });
});
