import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readElevation } from '../../../../lib/cli/driver/elevation.js';
import {
  fullImagePath,
  readConfig,
  readRegistryValues,
  readState,
  samePath,
  scOutcome,
} from '../../../../lib/cli/driver/service.js';

const block = (type: string, state: string, first: string, second: string): string =>
  `\r\nSERVICE_NAME: trustlet \r\n        ${first}               : ${type}  KERNEL_DRIVER  \r\n        ${second}              : ${state} \r\n` +
  '                                (STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)\r\n        WIN32_EXIT_CODE    : 0  (0x0)\r\n';

describe('what sc.exe says', () => {
  const outcomes: readonly (readonly [string, number | null, string, number | null])[] = [
    ['success', 0, '', 0],
    ['the exit code is the Win32 error', 1060, '[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\r\n', 1060],
    ['of an exit code 1 the number in the text', 1, '[SC] OpenService FAILED 5:\r\n\r\nAccess is denied.\r\n', 5],
    ['in German', 1, '[SC] StartService FEHLER 577:\r\n', 577],
    ['in French, without a colon', 1, '[SC] EnumQueryServicesStatus:OpenService \u00e9chec(s) 1060\r\n', 1060],
    ['a number in a later line is none', 1, '[SC] text\r\nError 5 of 1060\r\n', null],
    ['Wine gives no reason', 1, '', null],
    ['what did not end has none', null, '', null],
  ];
  for (const [title, exitCode, stdout, expected] of outcomes) {
    test(`the outcome: ${title}`, () => assert.equal(scOutcome({ exitCode, stdout }), expected));
  }

  const states: readonly (readonly [string, string, string, string, string])[] = [
    ['English', 'TYPE ', 'STATE', '1  STOPPED', 'stopped'],
    ['German', 'TYP  ', 'STATUS', '2  START_PENDING', 'start-pending'],
    ['French', 'TYPE ', '\u00c9TAT ', '3  STOP_PENDING', 'stop-pending'],
    ['Spanish', 'TIPO ', 'ESTADO', '4  RUNNING', 'running'],
    ['Japanese', '\u7a2e\u985e', '\u72b6\u614b', '4  RUNNING', 'running'],
    ['a state that no driver has', 'TYPE ', 'STATE', '7  PAUSED', 'unknown(7)'],
  ];
  for (const [title, first, second, state, expected] of states) {
    test(`the state: ${title}`, () => assert.equal(readState(block('1', state, first, second)), expected));
  }

  test('the state as Wine 8.0 prints it', () => {
    const text =
      'SERVICE_NAME: trustlet\n        TYPE               : 1  \n        STATE              : 4  RUNNING\n        WIN32_EXIT_CODE    : 0  (0x0)\n';
    assert.equal(readState(text), 'running');
  });

  test('text that is no answer has no state', () => {
    assert.equal(readState(''), null);
    assert.equal(readState('        TYPE               : 1  KERNEL_DRIVER\r\n'), null);
    assert.equal(readState(block('1', 'ab', 'TYPE', 'STATE')), null);
  });
});

describe('what reg.exe says', () => {
  const text =
    '\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\X\r\n    Type    REG_DWORD    0x1\r\n    Start    REG_DWORD    0x2\r\n' +
    '    Two Words    REG_SZ    a    b\r\n    Empty    REG_SZ    \r\n    Bare    REG_NONE\r\n\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\X\\Parameters\r\n';

  test('values by their names in lower case, with type and data', () => {
    assert.deepEqual(
      [...readRegistryValues(text)],
      [
        ['type', { type: 'REG_DWORD', data: '0x1' }],
        ['start', { type: 'REG_DWORD', data: '0x2' }],
        ['two words', { type: 'REG_SZ', data: 'a    b' }],
        ['empty', { type: 'REG_SZ', data: '' }],
        ['bare', { type: 'REG_NONE', data: '' }],
      ],
    );
  });

  test('the set-up of a service', () => {
    assert.deepEqual(readConfig(readRegistryValues(text), 'C:\\Windows'), {
      start: 'auto',
      kernelDriver: true,
      path: 'C:\\Windows\\System32\\drivers\\trustlet.sys',
      markedForDeletion: false,
    });
  });

  test('what is missing or of another type is not guessed', () => {
    const values = readRegistryValues(
      '    Start    REG_SZ    3\r\n    DeleteFlag    REG_DWORD    0x1\r\n    Type    REG_DWORD    x\r\n',
    );
    const { start, kernelDriver, markedForDeletion } = readConfig(values, 'C:\\Windows');
    assert.deepEqual(
      { start, kernelDriver, markedForDeletion },
      {
        start: 'unknown(-1)',
        kernelDriver: false,
        markedForDeletion: true,
      },
    );
    assert.equal(readConfig(readRegistryValues('    Start    REG_DWORD    0x9\r\n'), 'C:').start, 'unknown(9)');
  });

  const paths: readonly (readonly [string | undefined, string])[] = [
    [undefined, 'C:\\Windows\\System32\\drivers\\trustlet.sys'],
    ['System32\\drivers\\trustlet.sys', 'C:\\Windows\\System32\\drivers\\trustlet.sys'],
    ['\\SystemRoot\\System32\\drivers\\x.sys', 'C:\\Windows\\System32\\drivers\\x.sys'],
    ['%SystemRoot%\\x.sys', 'C:\\Windows\\x.sys'],
    ['\\??\\D:\\drivers\\x.sys', 'D:\\drivers\\x.sys'],
    ['"C:\\Program Files\\x.sys"', 'C:\\Program Files\\x.sys'],
    ['\\Device\\HarddiskVolume1\\x.sys', '\\Device\\HarddiskVolume1\\x.sys'],
  ];
  for (const [given, expected] of paths) {
    test(`the image path ${given} is ${expected}`, () => assert.equal(fullImagePath(given, 'C:\\Windows'), expected));
  }

  test('paths differ in more than case', () => {
    assert.equal(samePath('C:\\windows\\X.sys', 'c:\\Windows\\x.SYS'), true);
    assert.equal(samePath('C:\\windows\\x.sys', 'C:\\windows\\y.sys'), false);
  });
});

describe('elevation, by the integrity label', () => {
  const csv = (sid: string): string => `"Verbindliche Beschriftung\\Hohe Stufe","Bezeichnung","${sid}",""\r\n`;
  const cases: readonly (readonly [string, number | null, string, boolean | null])[] = [
    ['high', 0, csv('S-1-16-12288'), true],
    ['system', 0, csv('S-1-16-16384'), true],
    ['medium', 0, csv('S-1-16-8192'), false],
    ['medium plus', 0, csv('S-1-16-8448'), false],
    ['low', 0, csv('S-1-16-4096'), false],
    ['no label (Wine)', 0, 'VM\\root\r\n', null],
    [
      'an administrators’ group alone says nothing',
      0,
      '"BUILTIN\\Administrators","Alias","S-1-5-32-544","Deny only"',
      null,
    ],
    ['a longer number is another SID', 0, '"X","S-1-16-12288000"', null],
    ['whoami failed', 1, csv('S-1-16-12288'), null],
    ['whoami did not run', null, '', null],
  ];
  for (const [title, exitCode, stdout, expected] of cases) {
    test(title, () => assert.equal(readElevation({ exitCode, stdout }), expected));
  }
});
