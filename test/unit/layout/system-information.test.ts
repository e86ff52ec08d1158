import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TrustletError } from '../../../lib/errors.js';
import {
  CodeIntegrityOption,
  decodeCodeIntegrity,
  decodeCodeIntegrityPolicy,
  decodeHypervisor,
  decodeIsolatedUserMode,
  decodeSecureBoot,
  decodeVsmProtection,
  encodeCodeIntegrity,
  encodeCodeIntegrityPolicy,
  encodeHypervisor,
  encodeIsolatedUserMode,
  encodeSecureBoot,
  encodeVsmProtection,
  IsolatedUserModeFlag,
  newCodeIntegrity,
} from '../../../lib/layout/index.js';
import { hex, hexOf, refusesEveryPrefix, surrounded } from './bytes.js';

const allOf = <K extends string>(names: readonly (readonly [K, number])[], value: boolean): Record<K, boolean> =>
  Object.fromEntries(names.map(([name]) => [name, value])) as Record<K, boolean>;

describe('class 165, isolated user mode', () => {
  // facts/nt.md 3.1
  const flags = [
    ['SecureKernelRunning', 0x00001],
    ['HvciEnabled', 0x00002],
    ['HvciStrictMode', 0x00004],
    ['DebugEnabled', 0x00008],
    ['FirmwarePageProtection', 0x00010],
    ['EncryptionKeyAvailable', 0x00020],
    ['TrustletRunning', 0x00100],
    ['HvciDisableAllowed', 0x00200],
    ['HardwareEnforcedVbs', 0x00400],
    ['NoSecrets', 0x00800],
    ['EncryptionKeyPersistent', 0x01000],
    ['HardwareEnforcedHvpt', 0x02000],
    ['HardwareHvptAvailable', 0x04000],
    ['EncryptionKeyTpmBound', 0x10000],
  ] as const;
  const none = allOf(flags, false);

  test('each flag has its bit, and sets no other', () => {
    assert.equal(Object.keys(IsolatedUserModeFlag).length, 14);
    for (const [name, mask] of flags) {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setUint32(0, mask, true);
      assert.equal(IsolatedUserModeFlag[name], mask);
      assert.deepEqual(decodeIsolatedUserMode(bytes), { ...none, raw: mask, [name]: true });
      assert.equal(hexOf(encodeIsolatedUserMode({ [name]: true })), hexOf(bytes));
    }
  });

  test('byte 0 holds the first flags, byte 1 TrustletRunning, byte 2 the TPM bit', () => {
    const { raw, SecureKernelRunning, TrustletRunning, EncryptionKeyTpmBound } = decodeIsolatedUserMode(
      hex('01 01 01', '00'.repeat(13)),
    );
    assert.deepEqual([raw, SecureKernelRunning, TrustletRunning, EncryptionKeyTpmBound], [0x010101, true, true, true]);
  });

  test('spare bits and bytes set no flag; the word keeps its own', () => {
    assert.deepEqual(decodeIsolatedUserMode(hex('c0 80 fe ff', 'ff'.repeat(12))), { ...none, raw: 0xfffe80c0 });
  });

  test('encoding starts from raw and sets or clears what is named', () => {
    assert.equal(
      hexOf(encodeIsolatedUserMode({ raw: 0x800000c3, HvciEnabled: false, TrustletRunning: true })),
      `c1010080${'00'.repeat(12)}`,
    );
    assert.equal(hexOf(encodeIsolatedUserMode({})), '00'.repeat(16));
  });

  test('a truncated one is refused, a longer one is read', () => {
    refusesEveryPrefix(new Uint8Array(16), decodeIsolatedUserMode);
    assert.deepEqual(decodeIsolatedUserMode(surrounded(new Uint8Array(17), 0xff)), { ...none, raw: 0 });
  });
});

describe('class 103, code integrity', () => {
  // facts/nt.md 3.2
  const options = [
    ['ENABLED', 0x1],
    ['TESTSIGN', 0x2],
    ['UMCI_ENABLED', 0x4],
    ['UMCI_AUDITMODE', 0x8],
    ['UMCI_EXCLUSIONPATHS', 0x10],
    ['TEST_BUILD', 0x20],
    ['PREPRODUCTION_BUILD', 0x40],
    ['DEBUGMODE_ENABLED', 0x80],
    ['FLIGHT_BUILD', 0x100],
    ['FLIGHTING_ENABLED', 0x200],
    ['HVCI_KMCI_ENABLED', 0x400],
    ['HVCI_KMCI_AUDITMODE', 0x800],
    ['HVCI_KMCI_STRICTMODE', 0x1000],
    ['HVCI_IUM_ENABLED', 0x2000],
    ['WHQL_ENFORCEMENT', 0x4000],
    ['WHQL_AUDITMODE', 0x8000],
  ] as const;
  const none = allOf(options, false);

  test('a buffer to query with has Length set', () => {
    assert.equal(hexOf(newCodeIntegrity()), '0800000000000000');
  });

  test('each option has its bit, and sets no other', () => {
    assert.equal(Object.keys(CodeIntegrityOption).length, 16);
    for (const [name, mask] of options) {
      assert.equal(CodeIntegrityOption[name], mask);
      assert.deepEqual(decodeCodeIntegrity(encodeCodeIntegrity(mask)), { ...none, options: mask, [name]: true });
    }
  });

  test('the option word is the second one', () => {
    const bytes = hex('08 00 00 00 01 24 00 80');
    const expected = { ...none, options: 0x80002401, ENABLED: true, HVCI_KMCI_ENABLED: true, HVCI_IUM_ENABLED: true };
    assert.deepEqual(decodeCodeIntegrity(bytes), expected);
    assert.deepEqual(decodeCodeIntegrity(surrounded(bytes, 0xff)), expected);
    assert.equal(hexOf(encodeCodeIntegrity(0x80002401)), hexOf(bytes));
  });

  test('a truncated one is refused, a longer one is read', () => {
    refusesEveryPrefix(new Uint8Array(8), decodeCodeIntegrity);
    assert.equal(decodeCodeIntegrity(hex('10 00 00 00 02 00 00 00', 'ff'.repeat(8))).options, 2);
  });
});

describe('class 164, code integrity policy', () => {
  const bytes = hex(
    '13 00 00 40', //              0 Options: enabled, audit, UMCI, one newer
    '05 00 00 00', //              4 HVCIOptions: enabled, debug
    '01 00 00 00 00 00 0a 00', //  8 Version
    '44 6f 24 a2 59 8a 1f 4a 82 3e 01 02 03 04 05 f6', // 16 PolicyGuid
  );
  const words = {
    options: 0x40000013,
    hvciOptions: 5,
    version: 0x000a000000000001n,
    policyGuid: 'a2246f44-8a59-4a1f-823e-0102030405f6',
  };

  test('words and bits are read at their offsets', () => {
    const expected = {
      ...words,
      Enabled: true,
      Audit: true,
      RequireWHQL: false,
      EnabledUMCI: true,
      HVCIEnabled: true,
      HVCIStrict: false,
      HVCIDebug: true,
    };
    assert.deepEqual(decodeCodeIntegrityPolicy(bytes), expected);
    assert.deepEqual(decodeCodeIntegrityPolicy(surrounded(bytes, 0xff)), expected);
  });

  test('each bit has its own name', () => {
    const namesOf = (options: string, hvciOptions: string): string[] =>
      Object.entries(decodeCodeIntegrityPolicy(hex(options, hvciOptions, '00'.repeat(24))))
        .filter(([, member]) => member === true)
        .map(([name]) => name);
    assert.deepEqual(namesOf('01 00 00 00', '00 00 00 00'), ['Enabled']);
    assert.deepEqual(namesOf('02 00 00 00', '00 00 00 00'), ['Audit']);
    assert.deepEqual(namesOf('04 00 00 00', '00 00 00 00'), ['RequireWHQL']);
    assert.deepEqual(namesOf('10 00 00 00', '00 00 00 00'), ['EnabledUMCI']);
    assert.deepEqual(namesOf('00 00 00 00', '01 00 00 00'), ['HVCIEnabled']);
    assert.deepEqual(namesOf('00 00 00 00', '02 00 00 00'), ['HVCIStrict']);
    assert.deepEqual(namesOf('00 00 00 00', '04 00 00 00'), ['HVCIDebug']);
    assert.deepEqual(namesOf('e8 ff ff ff', 'f8 ff ff ff'), []);
  });

  test('encoding writes the same bytes, whatever the case of the GUID', () => {
    assert.equal(hexOf(encodeCodeIntegrityPolicy(words)), hexOf(bytes));
    const upper = { ...words, policyGuid: words.policyGuid.toUpperCase() };
    assert.equal(hexOf(encodeCodeIntegrityPolicy(upper)), hexOf(bytes));
  });

  test('text that is no GUID is refused', () => {
    for (const policyGuid of ['', '{a2246f44-8a59-4a1f-823e-0102030405f6}', 'a2246f448a594a1f823e0102030405f6']) {
      assert.throws(
        () => encodeCodeIntegrityPolicy({ ...words, policyGuid }),
        (error) => error instanceof TrustletError && error.code === 'ERR_TRUSTLET_ARGUMENT',
      );
    }
  });

  test('a truncated one is refused, a longer one is read', () => {
    refusesEveryPrefix(bytes, decodeCodeIntegrityPolicy);
    assert.equal(decodeCodeIntegrityPolicy(hex(hexOf(bytes), 'ff')).version, 0x000a000000000001n);
  });
});

describe('class 145, Secure Boot', () => {
  test('is two BOOLEANs, any non-zero value true', () => {
    assert.deepEqual(decodeSecureBoot(hex('01 00')), { SecureBootEnabled: true, SecureBootCapable: false });
    assert.deepEqual(decodeSecureBoot(hex('00 80')), { SecureBootEnabled: false, SecureBootCapable: true });
    assert.equal(hexOf(encodeSecureBoot({ SecureBootEnabled: true, SecureBootCapable: false })), '0100');
    assert.equal(hexOf(encodeSecureBoot({ SecureBootEnabled: false, SecureBootCapable: true })), '0001');
  });

  test('a truncated one is refused, a longer one is read', () => {
    refusesEveryPrefix(hex('01 01'), decodeSecureBoot);
    assert.deepEqual(decodeSecureBoot(surrounded(hex('01 01 ff'), 0)), {
      SecureBootEnabled: true,
      SecureBootCapable: true,
    });
  });
});

describe('class 169, VSM protection', () => {
  const four = {
    DmaProtectionsAvailable: true,
    DmaProtectionsInUse: false,
    HardwareMbecAvailable: true,
    ApicVirtualizationAvailable: false,
  };

  test('four bytes have all members', () => {
    assert.deepEqual(decodeVsmProtection(hex('01 00 01 00')), four);
    assert.deepEqual(decodeVsmProtection(hex('00 02 00 04')), {
      DmaProtectionsAvailable: false,
      DmaProtectionsInUse: true,
      HardwareMbecAvailable: false,
      ApicVirtualizationAvailable: true,
    });
    assert.equal(hexOf(encodeVsmProtection(four)), '01000100');
  });

  test('three bytes have no APIC member, two no MBEC member: null, which is not false', () => {
    const three = { ...four, ApicVirtualizationAvailable: null };
    const two = { ...three, HardwareMbecAvailable: null };
    assert.deepEqual(decodeVsmProtection(hex('01 00 01')), three);
    assert.deepEqual(decodeVsmProtection(hex('01 00')), two);
    assert.equal(hexOf(encodeVsmProtection(three)), '010001');
    assert.equal(hexOf(encodeVsmProtection(two)), '0100');
  });

  test('a member that is missing is not taken from the bytes behind', () => {
    assert.equal(decodeVsmProtection(surrounded(hex('01 00'), 0xff)).HardwareMbecAvailable, null);
  });

  test('one byte is refused, more than four are read', () => {
    refusesEveryPrefix(hex('01 00'), decodeVsmProtection);
    assert.deepEqual(decodeVsmProtection(hex('01 00 01 00 01')), four);
  });
});

describe('class 91, hypervisor', () => {
  const bytes = hex('01 00 01 ee ee ee ee ee', '78 56 34 12 00 00 00 80');
  const info = {
    Connected: true,
    DebuggingEnabled: false,
    Present: true,
    EnabledEnlightenments: 0x8000000012345678n,
  };

  test('is three BOOLEANs and a word at 8', () => {
    assert.deepEqual(decodeHypervisor(bytes), info);
    assert.deepEqual(decodeHypervisor(surrounded(bytes, 0xff)), info);
    assert.equal(hexOf(encodeHypervisor(info)), hexOf(bytes).replaceAll('ee', '00'));
    const debugged = { ...info, Connected: false, DebuggingEnabled: true, Present: false, EnabledEnlightenments: 0n };
    assert.deepEqual(decodeHypervisor(hex('00 01 00', '00'.repeat(13))), debugged);
    assert.equal(hexOf(encodeHypervisor(debugged)), `0001${'00'.repeat(14)}`);
  });

  test('a truncated one is refused, a longer one is read', () => {
    refusesEveryPrefix(bytes, decodeHypervisor);
    assert.deepEqual(decodeHypervisor(hex(hexOf(bytes), 'ff')), info);
  });
});
