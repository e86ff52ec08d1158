/** Every row of the table of known failures: when it applies, when it does not, and in which order. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeProtection } from '../../../lib/layout/protection.js';
import { causesOf, explained, type Seen } from '../../support/explain.js';

const TRUSTLET = { flags: 0x80, name: 'LsaIso.exe' };
const PPL = { protection: 0x41 };
const WOW64_CALLER = { caller: { pid: 77, protection: decodeProtection(0), bits: 32 } } as const;
const UNKNOWN_CALLER = { caller: { pid: 77, protection: null, bits: null } } as const;

/** A row of a table below: what was seen, and the failures in their order. */
type Row = readonly [what: string, target: Parameters<typeof causesOf>[0], seen: Seen, failures: readonly string[]];

const check = (rows: readonly Row[]): void => {
  for (const [what, target, seen, failures] of rows) {
    test(`${what}: ${failures.join(', ')}`, () => assert.deepEqual(causesOf(target, seen), failures));
  }
};

describe('what the process is', () => {
  check([
    ['a trustlet without an error', TRUSTLET, {}, ['trustlet']],
    [
      '5 from a copy is rather its handle’s rights',
      TRUSTLET,
      { error: 5, api: 'read' },
      ['rights-refused', 'trustlet'],
    ],
    [
      '5 from an APC is its handle’s rights',
      TRUSTLET,
      { error: 5, api: 'QueueUserAPC' },
      ['rights-refused', 'trustlet'],
    ],
    [
      '998 from an APC: isolation does not answer so',
      TRUSTLET,
      { error: 998, api: 'queue-apc' },
      ['nothing-known', 'trustlet'],
    ],
    ['a success is no error', TRUSTLET, { error: 0 }, ['trustlet']],
    ['an error that isolation has nothing to do with', TRUSTLET, { error: 1 }, ['nothing-known', 'trustlet']],
    ['a privilege', TRUSTLET, { error: 1314 }, ['privilege-not-held', 'trustlet']],
    [
      'what isolation does not hinder, without an error',
      TRUSTLET,
      { api: 'TerminateProcess' },
      ['trustlet-unhindered'],
    ],
    ['a query', TRUSTLET, { error: 5, api: 'QueryFullProcessImageName' }, ['rights-refused', 'trustlet-unhindered']],
    ['protection that is not there', TRUSTLET, { error: 0xc0000712 }, ['protection-of-another', 'trustlet']],
    ['a trustlet and a call about no process', TRUSTLET, { api: 'LoadEnclaveImage' }, ['trustlet']],
    ['a driver’s copy', TRUSTLET, { error: 299, api: 'MmCopyVirtualMemory' }, ['trustlet']],
    ['5 and no API', TRUSTLET, { error: 5 }, ['trustlet', 'rights-refused']],
    [
      'a thread refused with 87 is isolation, not a parameter',
      TRUSTLET,
      { error: 87, api: 'CreateRemoteThread' },
      ['trustlet'],
    ],
    ['87 from something else', TRUSTLET, { error: 87, api: 'read' }, ['invalid-parameter', 'trustlet']],
    ['a bad handle leads', TRUSTLET, { error: 6, api: 'read' }, ['invalid-handle', 'trustlet']],
    [
      'what isolation does not hinder',
      TRUSTLET,
      { error: 31, api: 'ResumeThread' },
      ['nothing-known', 'trustlet-unhindered'],
    ],
    [
      'a protected trustlet and a debugger',
      { flags: 0x81, protection: 0x61 },
      { error: 0xc0000712, api: 'debug' },
      ['protected', 'trustlet'],
    ],
    ['a protected trustlet and 5', { flags: 0x81, protection: 0x61 }, { error: 5 }, ['protected', 'trustlet']],
    ['a protected trustlet and 998', { flags: 0x81, protection: 0x61 }, { error: 998 }, ['trustlet']],
    ['Secure System', { pid: 56, classification: 2, flags: 0x80 }, {}, ['secure-system']],
    ['Idle', { pid: 0, openStatus: 0xc000000b, createTime: null, startKey: null }, {}, ['pseudo-process']],
    ['System', { pid: 4 }, {}, ['pseudo-process']],
    ['memory compression', { pid: 88, classification: 3 }, { error: 5 }, ['pseudo-process']],
    ['a Pico process', { flags: 0x100 }, {}, ['subsystem-process']],
    ['a Pico process that refuses', { flags: 0x100 }, { error: 5 }, ['subsystem-process', 'rights-refused']],
    ['nobody has the pid', { openStatus: 0xc000000b }, { error: 87, api: 'OpenProcess' }, ['no-such-process']],
    [
      'a pid that is there now, and was not',
      {},
      { error: 87, api: 'OpenProcess' },
      ['pid-taken-since', 'invalid-parameter'],
    ],
    ['ending, by its flag', { flags: 4 }, {}, ['exiting']],
    ['ending, by the status of its open', { openStatus: 0xc000010a }, {}, ['exiting']],
    ['ending when it was called', {}, { error: 0xc000010a }, ['exiting']],
    ['a trustlet that is ending', { flags: 0x84 }, {}, ['trustlet', 'exiting']],
    ['the query fails', { extendedStatus: 0xc0000001, flags: null }, {}, ['cannot-be-known']],
    ['the secure call fails', { extendedStatus: 0xc000009d, flags: null }, { error: 1167 }, ['cannot-be-known']],
    ['a Hyper-V name says nothing without a failure', { name: 'vmwp.exe' }, {}, ['nothing-known']],
    [
      'a Hyper-V name alone explains nothing',
      { name: 'VMWP.EXE' },
      { error: 1455 },
      ['nothing-known', 'hyper-v-helper'],
    ],
    ['a name of the language is no name of Hyper-V’s', { name: 'constructor' }, { error: 1455 }, ['nothing-known']],
    ['an ordinary process', {}, {}, ['nothing-known']],
    ['an error that nothing explains', {}, { error: 1455, api: 'read' }, ['nothing-known']],
  ]);

  test('a failed secure call may well be a trustlet’s, and says so', () => {
    assert.match(explained({ extendedStatus: 0xc000009d, flags: null }).causes[0]?.text ?? '', /it may well be one/);
    assert.doesNotMatch(explained({ extendedStatus: 0xc0000001, flags: null }).causes[0]?.text ?? '', /may well/);
  });

  test('pseudo-processes by their own names', () => {
    const named = (over: object): string => explained(over).causes[0]?.text ?? '';
    assert.match(named({ pid: 0, openStatus: 0xc000000b }), /the Idle pseudo-process/);
    assert.match(named({ pid: 4 }), /the System pseudo-process/);
    assert.match(named({ pid: 88, classification: 3 }), /the MemCompression pseudo-process/);
    assert.match(named({ pid: 88, classification: 4 }), /the Registry pseudo-process/);
    assert.match(named({ pid: 88, classification: 9 }), /the unknown\(9\) pseudo-process/);
  });

  test('a thread that was refused names the build that refuses it', () => {
    assert.match(
      explained(TRUSTLET, { error: 87, api: 'create-thread', build: 22631 }).causes[0]?.evidence ?? '',
      /build 22631$/,
    );
  });

  test('a pid of another process names both identities; a process that became another names none', () => {
    const evidence = (over: object): string | undefined =>
      explained({ reused: true, ...over }, { expected: { createTime: 1n, startKey: null } }).causes[0]?.evidence;
    assert.match(
      evidence({}) ?? '',
      /answered as another process than the one that was listed|asked for create time 1/,
    );
  });
});

describe('who may open it', () => {
  check([
    ['a PPL and an unprotected caller', PPL, { error: 5 }, ['protected']],
    ['a PPL without an error', PPL, {}, ['protected']],
    ['what protection leaves is not refused by it', PPL, { error: 5, api: 'ResumeThread' }, ['rights-refused']],
    [
      'a suspended process: the right protection leaves',
      PPL,
      { error: 5, api: 'NtSuspendProcess' },
      ['rights-refused'],
    ],
    ['a right that this caller was just granted', PPL, { error: 5, api: 'IsWow64Process' }, ['rights-refused']],
    ['a copy that failed had its handle', PPL, { error: 998 }, ['address-not-mapped']],
    [
      'a caller that dominates it',
      PPL,
      { error: 5, caller: { pid: 77, protection: decodeProtection(0x61), bits: 64 } },
      ['rights-refused'],
    ],
    [
      'the very status, and protection that could not be read',
      { protection: null },
      { error: 0xc0000712, api: 'debug' },
      ['protected'],
    ],
    ['protection that is not known', { protection: null }, { error: 5 }, ['rights-refused']],
    ['even the question was refused', { openStatus: 0xc0000022 }, { error: 5 }, ['query-refused']],
    ['an ordinary process', {}, { error: 5, api: 'OpenProcess' }, ['rights-refused']],
    ['a status', {}, { error: 0xc0000022 }, ['rights-refused']],
    ['a privilege', {}, { error: 1314 }, ['privilege-not-held']],
    ['a privilege, about no process', null, { error: 0xc0000061 }, ['privilege-not-held']],
    [
      'a module list from 32 bits',
      {},
      { error: 299, api: 'EnumProcessModules', ...WOW64_CALLER },
      ['32-bit-caller', 'address-not-mapped'],
    ],
    ['a module list from 64 bits', {}, { error: 299, api: 'EnumProcessModules' }, ['address-not-mapped']],
    [
      'a module list, bits not known',
      {},
      { error: 299, api: 'EnumProcessModules', ...UNKNOWN_CALLER },
      ['address-not-mapped', '32-bit-caller'],
    ],
    ['a debugger from 32 bits', {}, { error: 50, api: 'debug', ...WOW64_CALLER }, ['32-bit-caller']],
    [
      'a 32-bit target',
      { flags: 0x2 },
      { error: 299, api: 'EnumProcessModules', ...WOW64_CALLER },
      ['address-not-mapped'],
    ],
    [
      'a query that a 32-bit caller cannot make',
      { extendedStatus: 0xc0000004, flags: null },
      WOW64_CALLER,
      ['cannot-be-known', '32-bit-caller'],
    ],
  ]);

  test('the text says what is missing, as shortly as it can', () => {
    const text = (seen: Seen): string => explained(PPL, seen).causes[0]?.text ?? '';
    assert.match(text({ error: 5, api: 'write' }), /it lacks PROCESS_VM_OPERATION \| PROCESS_VM_WRITE \(write\)/);
    assert.match(
      text({ error: 5, api: 'OpenProcess' }),
      /it gets no right but PROCESS_SUSPEND_RESUME \| PROCESS_QUERY_LIMITED_INFORMATION \| PROCESS_SET_LIMITED_INFORMATION \| SYNCHRONIZE \(OpenProcess\)/,
    );
    assert.match(text({ error: 5 }), /it gets no right but [^(]*\./);
    assert.match(text({ error: 5, ...UNKNOWN_CALLER }), /This caller’s own protection \(pid 77\) could not be read/);
    assert.match(
      text({ error: 5, caller: { pid: 77, protection: decodeProtection(0x31), bits: 64 } }),
      /is PPL-Antimalware, which does not dominate it/,
    );
  });

  test('who would get more is told by signer; an unknown type has nobody', () => {
    assert.match(
      explained(PPL, { error: 5 }).causes[0]?.advice ?? '',
      /a protected caller of signer Windows, WinTcb|signer Lsa, Windows, WinTcb/,
    );
    assert.doesNotMatch(explained({ protection: 0x07 }, { error: 5 }).causes[0]?.advice ?? '', /signer/);
    assert.match(explained({ protection: 0x07 }, { error: 5 }).causes[0]?.text ?? '', /unknown\(7\)-None/);
    assert.match(explained({ protection: 0x62 }, { error: 5 }).causes[0]?.text ?? '', /PP-WinTcb/);
  });

  test('a right without a name stays a number', () => {
    assert.match(
      explained({}, { error: 5, api: 'EnumProcessModules' }).causes[0]?.text ?? '',
      /^PROCESS_VM_READ \| PROCESS_QUERY_INFORMATION \(/,
    );
  });
});

describe('what is refused in vain', () => {
  test('a right that this caller has was refused to another', () => {
    const [cause] = explained({}, { error: 5, api: 'IsWow64Process' }).causes;
    assert.match(cause?.text ?? '', /^PROCESS_QUERY_LIMITED_INFORMATION \(IsWow64Process\) was granted to this caller/);
    assert.equal(cause?.seen, false);
  });

  test('an operation that may be accepted by name says how', () => {
    assert.match(explained(TRUSTLET, { api: 'terminate' }).causes[0]?.advice ?? '', /accept: \['terminate'\]/);
    assert.match(explained(TRUSTLET, { api: 'EnumProcesses' }).causes[0]?.advice ?? '', /rights and parameters/);
  });

  test('the protection of a trustlet is no statement about isolation', () => {
    const [first] = explained({ flags: 0x81, protection: 0x61 }, { error: 5 }).causes;
    assert.match(first?.text ?? '', /That is apart from its isolation\.$/);
  });
});

describe('about no process', () => {
  check([
    ['a call that is about one', null, { error: 998, api: 'ReadProcessMemory' }, ['nothing-known']],
    ['a code alone', null, { error: 998 }, ['nothing-known']],
    ['a driver that loads', null, { api: 'StartService' }, ['nothing-known']],
    ['an enclave’s image', null, { error: 577, api: 'LoadEnclaveImage' }, ['image-signature']],
  ]);

  test('the advice is what is missing', () => {
    const advice = (seen: Seen): string => explained(null, seen).causes[0]?.advice ?? '';
    assert.equal(advice({ error: 998, api: 'ReadProcessMemory' }), 'Give its pid.');
    assert.match(advice({ error: 998 }), /^Give the pid/);
    assert.equal(advice({ api: 'StartService' }), 'Give the error.');
    assert.match(advice({ error: 31, api: 'CreateEnclave' }), /^Look the code up/);
  });
});

describe('how it was called', () => {
  check([
    ['998 of an ordinary process', {}, { error: 998 }, ['address-not-mapped']],
    ['299 of an ordinary process', {}, { error: 0x8000000d, api: 'read' }, ['address-not-mapped']],
    ['6', {}, { error: 6 }, ['invalid-handle']],
    ['6 from an APC', {}, { error: 6, api: 'queue-apc' }, ['invalid-handle']],
    ['87', {}, { error: 87 }, ['invalid-parameter']],
    ['87 from a debugger', {}, { error: 87, api: 'DebugActiveProcess' }, ['invalid-parameter']],
    ['87 about no process', null, { error: 87, api: 'OpenThread' }, ['invalid-parameter']],
    ['an APC in a frozen app', { flags: 0x10 }, { api: 'QueueUserAPC' }, ['apc-frozen', 'apc-waits']],
    ['an APC that failed did not wait', { flags: 0x10 }, { api: 'QueueUserAPC', error: 31 }, ['nothing-known']],
  ]);

  test('the text is about the call', () => {
    const text = (seen: Seen): string => explained({}, seen).causes[0]?.text ?? '';
    assert.match(
      text({ error: 6, api: 'QueueUserAPC' }),
      /no thread handle, which QueueUserAPC needs\. A thread of System’s/,
    );
    assert.match(text({ error: 87, api: 'debug' }), /debugged already/);
    assert.match(text({ error: 87, api: 'OpenThread' }), /does not exist, or pid 0/);
    assert.match(text({ error: 299 }), /part of the range is not mapped/);
  });
});

describe('drivers that do not load', () => {
  check([
    ['577 without a posture', null, { error: 577 }, ['driver-signature', 'driver-memory-integrity', 'driver-policy']],
    ['1275 without a posture', null, { error: 1275 }, ['driver-policy', 'driver-memory-integrity']],
    [
      'STATUS_INVALID_IMAGE_HASH',
      null,
      { error: 0xc0000428 },
      ['driver-signature', 'driver-memory-integrity', 'driver-policy'],
    ],
    ['5 from the service', null, { error: 5, api: 'StartServiceW' }, ['driver-service-rights']],
    ['87 from the service', null, { error: 87, api: 'StartService' }, ['nothing-known']],
  ]);

  test('what was not asked is not claimed', () => {
    for (const { failure, seen } of explained(null, { error: 577 }).causes) {
      assert.equal(seen, failure === 'driver-signature', failure);
    }
  });
});
