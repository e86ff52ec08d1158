import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TrustletError } from '../../../lib/errors.js';
import {
  decodeClassification,
  decodeProcessFlags,
  decodeProtection,
  encodeProtection,
  ProcessFlag,
  ProcessInfoClass,
  SystemInfoClass,
  ThreadInfoClass,
} from '../../../lib/layout/index.js';
import type { Protection } from '../../../lib/types.js';

describe('information classes', () => {
  test('have the numbers of the facts', () => {
    assert.deepEqual(ProcessInfoClass, {
      BasicInformation: 0,
      Times: 4,
      Protection: 61,
      TelemetryId: 64,
      SequenceNumber: 92,
    });
    assert.deepEqual(ThreadInfoClass, { BasicInformation: 0, IsTerminated: 20 });
    assert.deepEqual(SystemInfoClass, {
      ProcessInformation: 5,
      KernelDebugger: 35,
      Hypervisor: 91,
      CodeIntegrity: 103,
      SecureBoot: 145,
      KernelDebuggerEx: 149,
      HypervisorDetail: 159,
      CodeIntegrityPolicy: 164,
      IsolatedUserMode: 165,
      VsmProtection: 169,
      SecureCore: 242,
    });
  });
});

describe('process flags', () => {
  const none = {
    raw: 0,
    IsProtectedProcess: false,
    IsWow64Process: false,
    IsProcessDeleting: false,
    IsCrossSessionCreate: false,
    IsFrozen: false,
    IsBackground: false,
    IsStronglyNamed: false,
    IsSecureProcess: false,
    IsSubsystemProcess: false,
    IsTrustedApp: false,
  };
  // facts/nt.md 1.2
  const bits: readonly [keyof typeof ProcessFlag, number][] = [
    ['IsProtectedProcess', 0x001],
    ['IsWow64Process', 0x002],
    ['IsProcessDeleting', 0x004],
    ['IsCrossSessionCreate', 0x008],
    ['IsFrozen', 0x010],
    ['IsBackground', 0x020],
    ['IsStronglyNamed', 0x040],
    ['IsSecureProcess', 0x080],
    ['IsSubsystemProcess', 0x100],
    ['IsTrustedApp', 0x200],
  ];

  test('each bit sets its own flag and no other', () => {
    for (const [name, mask] of bits) {
      assert.equal(ProcessFlag[name], mask, name);
      assert.deepEqual(decodeProcessFlags(mask), { ...none, raw: mask, [name]: true });
    }
    assert.equal(Object.keys(ProcessFlag).length, 10);
  });

  test('no bits, no flags', () => {
    assert.deepEqual(decodeProcessFlags(0), none);
  });

  test('spare bits set no flag and stay in raw, unsigned', () => {
    assert.deepEqual(decodeProcessFlags(0xfffffc00), { ...none, raw: 0xfffffc00 });
    assert.deepEqual(decodeProcessFlags(-1024), { ...none, raw: 0xfffffc00 });
  });

  test('IsSecureProcess is seen among all other bits', () => {
    assert.equal(decodeProcessFlags(0xffffffff).IsSecureProcess, true);
    assert.equal(decodeProcessFlags(0xffffff7f).IsSecureProcess, false);
  });
});

describe('protection', () => {
  // facts/nt.md 2, common bytes
  const known: readonly [number, Protection['type'], Protection['signer'], boolean][] = [
    [0x00, 'None', 'None', false],
    [0x08, 'None', 'None', true],
    [0x11, 'ProtectedLight', 'Authenticode', false],
    [0x21, 'ProtectedLight', 'CodeGen', false],
    [0x31, 'ProtectedLight', 'Antimalware', false],
    [0x41, 'ProtectedLight', 'Lsa', false],
    [0x51, 'ProtectedLight', 'Windows', false],
    [0x61, 'ProtectedLight', 'WinTcb', false],
    [0x62, 'Protected', 'WinTcb', false],
    [0x72, 'Protected', 'WinSystem', false],
    [0x81, 'ProtectedLight', 'App', false],
    [0x4a, 'Protected', 'Lsa', true],
    [0x93, 'unknown(3)', 'unknown(9)', false],
    [0xff, 'unknown(7)', 'unknown(15)', true],
  ];

  test('a byte is type, audit and signer', () => {
    for (const [raw, type, signer, audit] of known) {
      assert.deepEqual(decodeProtection(raw), { raw, type, signer, audit });
      assert.equal(encodeProtection({ type, signer, audit }), raw);
    }
  });

  test('audit is off unless asked for', () => {
    assert.equal(encodeProtection({ type: 'ProtectedLight', signer: 'Lsa' }), 0x41);
    assert.equal(encodeProtection({ type: 'ProtectedLight', signer: 'Lsa', audit: undefined }), 0x41);
  });

  test('all 256 bytes survive decoding and encoding', () => {
    for (let raw = 0; raw < 256; raw += 1) assert.equal(encodeProtection(decodeProtection(raw)), raw);
  });

  test('only the low byte counts', () => {
    assert.deepEqual(decodeProtection(0xffffff41), { raw: 0x41, type: 'ProtectedLight', signer: 'Lsa', audit: false });
  });

  test('a name that is none is refused', () => {
    const badType = (error: unknown): boolean =>
      error instanceof TrustletError && error.code === 'ERR_TRUSTLET_ARGUMENT' && error.message.includes('type');
    const badSigner = (error: unknown): boolean =>
      error instanceof TrustletError && error.code === 'ERR_TRUSTLET_ARGUMENT' && error.message.includes('signer');
    assert.throws(() => encodeProtection({ type: 'Light' as never, signer: 'None' }), badType);
    assert.throws(() => encodeProtection({ type: 'unknown(8)', signer: 'None' }), badType);
    assert.throws(() => encodeProtection({ type: 'None', signer: 'toString' as never }), badSigner);
    assert.throws(() => encodeProtection({ type: 'None', signer: 'unknown(16)' }), badSigner);
  });
});

describe('classification', () => {
  test('0 to 4 have names, others say their number', () => {
    assert.deepEqual([0, 1, 2, 3, 4, 5, 15].map(decodeClassification), [
      'Normal',
      'System',
      'SecureSystem',
      'MemCompression',
      'Registry',
      'unknown(5)',
      'unknown(15)',
    ]);
  });
});
