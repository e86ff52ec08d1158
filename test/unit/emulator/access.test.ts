import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AccessSubject, grantAccess, maximumAccess, subjectOf } from '../../../lib/emulator/nt/access.js';
import { resolveScenario } from '../../../lib/emulator/resolve-scenario.js';
import { dominates } from '../../../lib/layout/protection-rules.js';
import { testScenario } from './machines.js';

const subject = (details: Partial<AccessSubject> = {}): AccessSubject => ({
  pid: 100,
  parentPid: 0,
  user: 'user',
  elevated: false,
  privileges: [],
  access: 'default',
  protection: 0,
  ...details,
});

const admin = subject({ user: 'administrator', elevated: true });
const debugging = subject({ user: 'administrator', elevated: true, privileges: ['SeDebugPrivilege'] });

describe('access control by owner', () => {
  const cases: readonly (readonly [string, AccessSubject, AccessSubject, number])[] = [
    ['the owner gets everything', subject(), subject(), 0x1fffff],
    ['SYSTEM gets everything', subject({ user: 'SYSTEM' }), subject(), 0x1fffff],
    ['another user gets nothing', subject(), subject({ user: 'SYSTEM' }), 0],
    ['an elevated administrator without the privilege gets nothing of SYSTEM’s', admin, subject({ user: 'SYSTEM' }), 0],
    ['SeDebugPrivilege gets everything', debugging, subject({ user: 'SYSTEM' }), 0x1fffff],
    ['SeDebugPrivilege opens what is open to nobody', debugging, subject({ access: 'nobody' }), 0x1fffff],
    ['nobody means nobody, SYSTEM included', subject({ user: 'SYSTEM' }), subject({ access: 'nobody' }), 0],
    ['everyone means everyone', subject(), subject({ user: 'SYSTEM', access: 'everyone' }), 0x1fffff],
    [
      'an unelevated process may only ask about its owner’s elevated one',
      subject({ user: 'administrator' }),
      subject({ user: 'administrator', elevated: true }),
      0x101000,
    ],
    ['an elevated process gets its owner’s unelevated one', admin, subject({ user: 'administrator' }), 0x1fffff],
  ];
  for (const [title, caller, target, expected] of cases) {
    test(title, () => {
      assert.equal(maximumAccess(caller, target, 'process'), expected);
    });
  }

  test('threads have the same owner and their own limited right', () => {
    const elevated = subject({ user: 'administrator', elevated: true });
    assert.equal(maximumAccess(subject({ user: 'administrator' }), elevated, 'thread'), 0x100800);
    assert.equal(maximumAccess(debugging, subject({ user: 'SYSTEM' }), 'thread'), 0x1fffff);
  });
});

describe('protection', () => {
  test('takes the documented rights away from who does not dominate, whatever the privilege', () => {
    // PPL-Windows 0x51 keeps TERMINATE, SUSPEND_RESUME, both limited rights and SYNCHRONIZE.
    assert.equal(
      maximumAccess(debugging, subject({ user: 'SYSTEM', protection: 0x51 }), 'process'),
      0x1fffff & ~0xf07fa,
    );
    assert.equal(
      maximumAccess(debugging, subject({ user: 'SYSTEM', protection: 0x41 }), 'process'),
      0x1fffff & ~0xf07fb,
    );
    assert.equal(maximumAccess(debugging, subject({ user: 'SYSTEM', protection: 0x41 }), 'thread'), 0x1fffff & ~0x3f9);
  });

  test('lets the parent terminate', () => {
    const child = subject({ user: 'SYSTEM', protection: 0x41, parentPid: 100 });
    assert.equal(maximumAccess(debugging, child, 'process') & 1, 1);
  });

  test('is dominated by type and by signer', () => {
    const cases: readonly (readonly [number, number, boolean])[] = [
      [0x00, 0x00, true],
      [0x00, 0x31, false],
      [0x31, 0x31, true],
      [0x31, 0x41, false],
      [0x61, 0x41, true],
      [0x61, 0x31, true],
      [0x61, 0x62, false],
      [0x62, 0x61, true],
      [0x72, 0x62, true],
      [0x41, 0x61, false],
      [0xf1, 0x31, false],
      [0x31, 0x30, true],
    ];
    for (const [opener, target, expected] of cases) {
      assert.equal(dominates(opener, target), expected, `${opener.toString(16)} on ${target.toString(16)}`);
    }
  });

  test('IUM itself takes no right away', () => {
    const resolved = resolveScenario(testScenario());
    const find = (label: string): AccessSubject => {
      const process = resolved.processes.find((candidate) => candidate.label === label);
      assert.ok(process);
      return subjectOf(process);
    };
    assert.equal(maximumAccess(find('agent'), find('lsaiso'), 'process'), 0x1fffff);
    assert.equal(maximumAccess(find('user'), find('lsaiso'), 'process'), 0);
    assert.equal(maximumAccess(find('agent'), find('ppl-trustlet'), 'process'), 0x1fffff & ~0xf07fb);
  });
});

describe('grants', () => {
  test('add what the kernel implies', () => {
    const cases: readonly (readonly [number, 'process' | 'thread', number])[] = [
      [0x400, 'process', 0x1400],
      [0x28, 'process', 0x1028],
      [0x20, 'process', 0x20],
      [0x200, 'process', 0x2200],
      [0x40, 'thread', 0x840],
      [0x20, 'thread', 0x420],
      [0x2, 'thread', 0x1002],
      [0x10, 'thread', 0x10],
    ];
    for (const [asked, kind, granted] of cases) assert.equal(grantAccess(asked, 0x1fffff, kind), granted);
  });

  test('map generic rights and grant the maximum when asked', () => {
    assert.equal(grantAccess(0x10000000, 0x1fffff, 'process'), 0x1fffff);
    assert.equal(grantAccess(0x80000000, 0x1fffff, 'process'), 0x21410);
    assert.equal(grantAccess(0x40000000, 0x1fffff, 'process'), 0x23beb);
    assert.equal(grantAccess(0x20000000, 0x1fffff, 'thread'), 0x120800);
    assert.equal(grantAccess(0x02000000, 0x101000, 'process'), 0x101000);
    assert.equal(grantAccess(0x02000010, 0x101000, 'process'), null);
  });

  test('refuse a right beyond the maximum, and nothing at all', () => {
    assert.equal(grantAccess(0x1010, 0x1000, 'process'), null);
    assert.equal(grantAccess(0, 0x1fffff, 'process'), null);
    assert.equal(grantAccess(0x02000000, 0, 'process'), null);
  });
});
