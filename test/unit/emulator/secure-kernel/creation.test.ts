/** How trustlets come and end (facts/vsm.md 3.6, 3.7). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TrustletError } from '../../../../lib/errors.js';
import { trustlet } from '../../../support/pe/samples.js';
import { testMachine, text, throwsArgument } from '../machines.js';
import { longWords } from './secure-machines.js';

const INVALID_PARAMETER = 0xc000000d;
const INVALID_HANDLE = 0xc0000008;
const INVALID_CID = 0xc000000b;
const INVALID_IMAGE_HASH = 0xc0000428;
const NT_DATA = 0x12_0000n;

/** An image that anybody may debug: Debug policy 1. */
const debuggable = (applicationId: bigint): Uint8Array =>
  trustlet({ policy: { applicationId, entries: [{ type: 7, id: 2, value: 1n }] } }).bytes;

describe('a trustlet’s start', () => {
  test('is three secure calls, the last one for each thread, which gets a cookie', () => {
    const machine = testMachine();
    const from = machine.events.length;
    machine.spawn({ label: 'isolated', trustlet: { id: 9 }, threads: 2 });
    const services = machine.events
      .slice(from)
      .flatMap((event) => (event.kind === 'secure-call' ? [[event.service, event.status]] : []));
    assert.deepEqual(services, [
      ['CREATE_PROCESS', 0],
      ['INITIALIZE_PROCESS', 0],
      ['CREATE_THREAD', 0],
      ['CREATE_THREAD', 0],
    ]);
    const { cookies } = machine.secureKernel.trustlet('isolated');
    assert.equal(new Set(cookies).size, 2);
    assert.ok(cookies.every((cookie) => cookie > 0));
    const given = machine.secureKernel.trustlets.flatMap((each) => each.cookies);
    assert.equal(new Set(given).size, given.length);
  });

  test('takes the image’s policies, and the identity its creator gives', () => {
    const { secureKernel } = testMachine();
    const entries = [
      { type: 7, id: 2, value: 2n },
      { type: 1, id: 3, value: 1n },
      { type: 7, id: 8, value: 5n },
      { type: 9, id: 10, value: 1n },
    ];
    const image = trustlet({ policy: { applicationId: 42n, entries } }).bytes;
    const instance = '00112233445566778899aabbccddeeff';
    const collaborationId = 'ffeeddccbbaa99887766554433221100';
    assert.equal(secureKernel.createTrustlet({ label: 'one', image, instance, collaborationId }).status, 0);
    const { identity, policies } = secureKernel.trustlet('one');
    assert.deepEqual(identity, { trustletId: 42n, instance, collaborationId, securityVersion: 5n });
    assert.deepEqual(policies, { debug: 'secure-boot-off', crashDump: 'encrypted', secureStorage: true });
    assert.equal(secureKernel.createTrustlet({ label: 'two', image }).status, 0);
    const two = secureKernel.trustlet('two').identity;
    assert.match(two?.instance ?? '', /^[0-9a-f]{32}$/);
    assert.notEqual(two?.instance, instance);
    assert.equal(two?.collaborationId, null);
  });

  test('under another ID works only where the image says so', () => {
    const { secureKernel } = testMachine();
    const entries = [{ type: 1, id: 13, value: 1n }];
    const image = trustlet({ policy: { applicationId: 42n, entries } }).bytes;
    assert.equal(secureKernel.createTrustlet({ label: 'other', image, trustletId: 43n }).status, 0);
    assert.equal(secureKernel.trustlet('other').identity?.trustletId, 43n);
    const fixed = debuggable(42n);
    assert.equal(
      secureKernel.createTrustlet({ label: 'fixed', image: fixed, trustletId: 43n }).status,
      INVALID_IMAGE_HASH,
    );
  });

  test('goes by the copy that VTL1 took of the image, whatever VTL0 does to its own', () => {
    const machine = testMachine();
    const image = trustlet({ policy: { applicationId: 42n } }).bytes;
    let overwritten = 0;
    machine.secureKernel.onRead((what) => {
      if (what !== 'image') return;
      const kernel = machine.compromisedKernel(1);
      const address = kernel.readEverything().find(image.slice(0, 64))?.address ?? null;
      if (address !== null && kernel.write(address, new Uint8Array(image.length)).succeeded) overwritten += 1;
    });
    assert.equal(machine.secureKernel.createTrustlet({ label: 'copied', image }).status, 0);
    assert.equal(overwritten, 1);
    assert.equal(machine.secureKernel.trustlet('copied').identity?.trustletId, 42n);
  });

  test('with an image of VTL1’s pages, of no page or of too many is refused', () => {
    const machine = testMachine();
    const kernel = machine.compromisedKernel();
    const create = (...args: readonly bigint[]): number =>
      machine.secureKernel.invoke('CREATE_SECURE_IMAGE', args).status;
    kernel.write(NT_DATA, longWords(0x1020n, 2n ** 63n));
    assert.equal(create(NT_DATA, 1n, 4096n), 0xc0000005);
    assert.equal(create(NT_DATA + 8n, 1n, 4096n), 0xc0000005);
    assert.equal(create(0x102_0000n, 1n, 4096n), 0xc0000005);
    kernel.write(NT_DATA, longWords(0x121n));
    assert.equal(create(NT_DATA, 1n, 4096n), INVALID_IMAGE_HASH);
    assert.equal(create(NT_DATA, 0n, 0n), INVALID_PARAMETER);
    assert.equal(create(NT_DATA, 1025n, 4096n), INVALID_PARAMETER);
    assert.equal(create(NT_DATA, 1n, 4097n), INVALID_PARAMETER);
  });

  test('is for a process that NT has made as a secure one, and once', () => {
    const machine = testMachine();
    const { secureKernel } = machine;
    const image = imageHandle(machine);
    for (const pid of [machine.pidOf('notepad'), machine.pidOf('lsaiso'), 0xfffc, 2 ** 40]) {
      assert.deepEqual([pid, secureKernel.invoke('CREATE_PROCESS', [image, BigInt(pid)]).status], [pid, INVALID_CID]);
    }
    const { handle, cookies } = secureKernel.trustlet('lsaiso');
    machine.compromisedKernel().write(NT_DATA, longWords(1n));
    assert.equal(secureKernel.invoke('INITIALIZE_PROCESS', [handle, NT_DATA, 8n]).status, INVALID_PARAMETER);
    const [tid = 0] = machine.tidsOf('lsaiso');
    for (const each of [tid, machine.tidsOf('notepad')[0] ?? 0, 0xfff8]) {
      assert.equal(secureKernel.invoke('CREATE_THREAD', [handle, BigInt(each)]).status, INVALID_PARAMETER);
    }
    assert.deepEqual(secureKernel.trustlet('lsaiso').cookies, cookies);
  });

  test('over the pid of a trustlet that VTL0 has run down finds none of its memory', () => {
    const machine = testMachine();
    const { secureKernel } = machine;
    const { dataAddress } = machine.process('lsaiso');
    const page = machine.physicalPages('lsaiso').find(({ address }) => address === dataAddress)?.physicalAddress ?? 0n;
    const { handle } = secureKernel.trustlet('lsaiso');
    const pid = machine.pidOf('lsaiso');
    assert.equal(secureKernel.invoke('RUNDOWN_PROCESS', [handle]).status, 0);
    assert.equal(secureKernel.invoke('RUNDOWN_PROCESS', [handle]).status, INVALID_HANDLE);
    assert.ok(machine.hypervisor.readPhysical(page, 4096).every((byte) => byte === 0));
    // An image that may be debugged, in its place: not over its memory.
    assert.equal(secureKernel.invoke('CREATE_PROCESS', [imageHandle(machine), BigInt(pid)]).status, INVALID_CID);
  });

  test('with attributes that VTL0 has changed is refused', () => {
    /** @returns the status of a start during which VTL0's other processor puts other attributes into the buffer */
    const startWith = (bytes: Uint8Array): number => {
      const machine = testMachine();
      machine.secureKernel.onRead(() => {
        const isCreated = machine.secureKernel.trustlets.some(({ identity }) => identity === null);
        if (isCreated) machine.compromisedKernel(1).write(0x15_3000n, bytes);
      });
      try {
        machine.spawn({ label: 'bent', trustlet: { id: 9 } });
        return 0;
      } catch (error) {
        assert.equal(machine.process('bent').life, 'gone');
        return TrustletError.is(error) ? (error.ntstatus ?? 0) : 0;
      }
    };
    assert.equal(startWith(longWords(9n)), 0);
    assert.equal(startWith(longWords(8n)), INVALID_IMAGE_HASH);
    const { secureKernel } = testMachine();
    const { handle } = secureKernel.trustlet('lsaiso');
    // Lengths that no attributes have, and a word that names none.
    for (const length of [0n, 7n, 9n, 81n, 2n ** 63n]) {
      assert.equal(secureKernel.invoke('INITIALIZE_PROCESS', [handle, NT_DATA, length]).status, INVALID_PARAMETER);
    }
  });

  test('takes arguments that are none for what they are', () => {
    const { secureKernel } = testMachine();
    const image = debuggable(1n);
    throwsArgument(() => secureKernel.createTrustlet(null as never), /the trustlet to create/);
    throwsArgument(() => secureKernel.createTrustlet({ label: '', image }), /needs a label/);
    throwsArgument(() => secureKernel.createTrustlet({ label: 'lsaiso', image }), /label 'lsaiso' is taken/);
    throwsArgument(() => secureKernel.createTrustlet({ label: 'x', image: 'MZ' as never }), /image/);
    throwsArgument(() => secureKernel.createTrustlet({ label: 'x', image: new Uint8Array(0) }), /1 to 4194304 bytes/);
    throwsArgument(
      () => secureKernel.createTrustlet({ label: 'x', image, instance: 'ab' }),
      /instance must be 16 bytes/,
    );
    for (const trustletId of [-1, 1.5, 2n ** 64n]) {
      throwsArgument(() => secureKernel.createTrustlet({ label: 'x', image, trustletId }), /trustletId must be/);
    }
    throwsArgument(() => secureKernel.trustlet('notepad'), /is no trustlet that runs in VTL1/);
    throwsArgument(() => secureKernel.run('lsaiso', 7 as never), /act/);
  });
});

describe('a trustlet’s end', () => {
  test('gives its memory back to VTL1, zeroed, with what the secure kernel kept for it', () => {
    const machine = testMachine();
    const secret = new TextEncoder().encode('kept by the secure kernel');
    const calls = machine.secureKernel.callsOf('vmsp');
    assert.equal(calls.call('IumSecureStoragePut', new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0, ...secret]), 0).status, 0);
    const found = (): boolean =>
      machine.platform.secureBlocks.some(({ firstPage, pageCount }) =>
        text(machine.hypervisor.readPhysical(BigInt(firstPage) * 4096n, pageCount * 4096)).includes(text(secret)),
      );
    assert.equal(found(), true);
    machine.exit('vmsp');
    assert.equal(found(), false);
    assert.throws(() => machine.secureKernel.trustlet('vmsp'), { code: 'ERR_TRUSTLET_ARGUMENT' });
  });

  test('and another life of it: the pid that is reused is another trustlet', () => {
    const machine = testMachine();
    const { handle, identity } = machine.secureKernel.trustlet('fsiso');
    machine.reuse('fsiso', { label: 'again', trustlet: { id: 5 } });
    const again = machine.secureKernel.trustlet('again');
    assert.notEqual(again.handle, handle);
    assert.notEqual(again.identity?.instance, identity?.instance);
    assert.equal(machine.secureKernel.invoke('DEBUG_PROCESS', [handle]).status, INVALID_HANDLE);
  });
});

/** The handle of an image that the secure kernel has accepted and nobody has used. */
const imageHandle = (machine: ReturnType<typeof testMachine>): bigint => {
  const image = debuggable(77n);
  const kernel = machine.compromisedKernel();
  const pages = Array.from({ length: Math.ceil(image.length / 4096) }, () => machine.platform.takeNtPage());
  pages.forEach((page, index) => {
    kernel.write(BigInt(page) * 4096n, image.slice(index * 4096, (index + 1) * 4096));
  });
  kernel.write(NT_DATA, longWords(...pages.map(BigInt)));
  const args = [NT_DATA, BigInt(pages.length), BigInt(image.length)];
  const { status, results } = machine.secureKernel.invoke('CREATE_SECURE_IMAGE', args);
  assert.equal(status, 0);
  return results[0] ?? 0n;
};
