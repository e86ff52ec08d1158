/** The koffi half of the ntdll backend over the simulated kernel: evidence of consistency with the facts, not of what Windows does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createNtdllBackend, loadNtApi } from '../../../lib/backends/ntdll.js';
import { TrustletError } from '../../../lib/errors.js';
import {
  decodeExtendedBasicInformation,
  decodeProcessTimes,
  decodeTelemetryId,
  decodeThreadBasicInformation,
  newCodeIntegrity,
  newExtendedBasicInformation,
  ProcessList,
} from '../../../lib/layout/index.js';
import type { NtApi } from '../../../lib/nt-api.js';
import { encodeScenarioTable } from '../../../lib/testing/scenario-table.js';
import { buildNtsim, Ntsim } from '../../support/ntsim.js';
import { resolvedScenario } from '../../support/resolved-scenario.js';

const ACCESS_DENIED = 0xc0000022;
const INVALID_CID = 0xc000000b;
const INVALID_HANDLE = 0xc0000008;
const INFO_LENGTH_MISMATCH = 0xc0000004;

describe('NtApi over the simulated kernel', () => {
  let library: string;
  let ntsim: Ntsim;
  let api: NtApi;

  before(async () => {
    library = await buildNtsim();
    ntsim = new Ntsim(library);
  });
  beforeEach(() => {
    ntsim.load(encodeScenarioTable(resolvedScenario()));
    api = loadNtApi({ library });
  });
  afterEach(() => {
    api.dispose();
    assert.equal(ntsim.openHandles, 0, 'a handle was left open');
  });
  after(() => {
    ntsim.unload();
  });

  const open = (pid: number, access: number): bigint => {
    const { status, handle } = api.openProcess(pid, access);
    assert.equal(status, 0);
    return handle;
  };

  test('the version and the caller are those of the table', () => {
    assert.deepEqual(api.version(), { major: 10, minor: 0, build: 26100 });
    assert.equal(api.version(), api.version());
    assert.equal(api.currentPid(), 2000);
    assert.equal(api.currentPid(), 2000);
    assert.equal(api.wordSize, 8);
    assert.equal(ntsim.calls('NtQueryInformationProcess'), 1);
  });

  test('a kernel that will not name the caller leaves the pid of this very process', () => {
    ntsim.fail({ call: 'NtQueryInformationProcess', status: 0xc0000001 });
    assert.equal(api.currentPid(), process.pid);
    ntsim.clearFaults();
    assert.equal(api.currentPid(), 2000);
  });

  test('a trustlet opens, answers bit 7 to 64 bytes, and closes', () => {
    const handle = open(812, 0x1000);
    assert.ok(handle > 0x1_0000_0000n, 'no real handle table holds such a value');
    const buffer = newExtendedBasicInformation(8);
    assert.deepEqual(api.queryInformationProcess(handle, 0, buffer), { status: 0, returnLength: 64 });
    const info = decodeExtendedBasicInformation(buffer, 8);
    assert.equal(info.flags, 0x80);
    assert.equal(info.uniqueProcessId, 812);
    assert.equal(info.inheritedFromUniqueProcessId, 4);
    assert.equal(api.close(handle), 0);
    assert.equal(api.close(handle), INVALID_HANDLE);
  });

  test('handles are not inheritable', () => {
    const handle = open(3000, 0x1000);
    const copy = api.duplicate(handle, 0x1000);
    const thread = api.openThread(3004, 0x800);
    assert.equal(ntsim.openHandles, 3);
    assert.equal(ntsim.inheritableHandles, 0);
    for (const each of [handle, copy.handle, thread.handle]) assert.equal(api.close(each), 0);
  });

  test('a failed open has an unsigned status and no handle', () => {
    assert.deepEqual(api.openProcess(5000, 0x1000), { status: INVALID_CID, handle: 0n });
    assert.deepEqual(api.openProcess(0, 0x1000), { status: INVALID_CID, handle: 0n });
    assert.deepEqual(api.openProcess(1000, 0x1000), { status: ACCESS_DENIED, handle: 0n });
    assert.deepEqual(api.openProcess(0xffff_fffc, 0x1000), { status: INVALID_CID, handle: 0n });
    assert.deepEqual(api.openThread(5004, 0x800), { status: INVALID_CID, handle: 0n });
    assert.deepEqual(api.duplicate(0x1234n, 0x1000), { status: INVALID_HANDLE, handle: 0n });
  });

  test('a handle wider than a word is invalid, and nothing is called with a part of it', () => {
    const handle = open(3000, 0x1000);
    const wide = (1n << 64n) + handle;
    const calls = (): number =>
      ntsim.calls('NtClose') + ntsim.calls('NtQueryInformationProcess') + ntsim.calls('NtQueryInformationThread');
    const before = calls();
    assert.deepEqual(api.duplicate(wide, 0x1000), { status: INVALID_HANDLE, handle: 0n });
    assert.deepEqual(api.queryInformationProcess(wide, 0, new Uint8Array(48)), {
      status: INVALID_HANDLE,
      returnLength: 0,
    });
    assert.deepEqual(api.queryInformationThread(wide, 0, new Uint8Array(48)), {
      status: INVALID_HANDLE,
      returnLength: 0,
    });
    assert.equal(api.close(wide), INVALID_HANDLE);
    assert.equal(calls(), before);
    assert.equal(api.close(handle), 0);
  });

  test('protection limits what the caller may get', () => {
    assert.deepEqual(api.openProcess(900, 0x1010), { status: ACCESS_DENIED, handle: 0n });
    const handle = open(900, 0x1000);
    const byte = new Uint8Array(1);
    assert.deepEqual(api.queryInformationProcess(handle, 61, byte), { status: 0, returnLength: 1 });
    assert.equal(byte[0], 0x41);
    assert.deepEqual(api.duplicate(handle, 0x1010), { status: ACCESS_DENIED, handle: 0n });
    api.close(handle);
  });

  test('a failed query keeps its status and tells no length it was not told', () => {
    const handle = open(3000, 0x10);
    const buffer = newExtendedBasicInformation(8);
    assert.deepEqual(api.queryInformationProcess(handle, 0, buffer), { status: ACCESS_DENIED, returnLength: 0 });
    assert.deepEqual(api.queryInformationProcess(handle, 0, new Uint8Array(65)), {
      status: INFO_LENGTH_MISMATCH,
      returnLength: 0,
    });
    assert.deepEqual(api.queryInformationProcess(0n, 0, buffer), { status: INVALID_HANDLE, returnLength: 0 });
    assert.deepEqual(api.queryInformationProcess(2n ** 70n, 0, buffer), { status: INVALID_HANDLE, returnLength: 0 });
    assert.deepEqual(api.queryInformationThread(handle, 0, new Uint8Array(48)), {
      status: 0xc0000024,
      returnLength: 0,
    });
    api.close(handle);
  });

  test('identity: times, telemetry id and sequence number', () => {
    const handle = open(3000, 0x1000);
    const times = new Uint8Array(32);
    const telemetry = new Uint8Array(1024);
    const sequence = new Uint8Array(8);
    assert.deepEqual(api.queryInformationProcess(handle, 4, times), { status: 0, returnLength: 32 });
    assert.deepEqual(api.queryInformationProcess(handle, 64, telemetry), { status: 0, returnLength: 132 });
    assert.deepEqual(api.queryInformationProcess(handle, 64, telemetry.subarray(0, 96)), {
      status: 0x80000005,
      returnLength: 132,
    });
    assert.deepEqual(api.queryInformationProcess(handle, 92, sequence), { status: 0, returnLength: 8 });
    api.close(handle);
    assert.equal(decodeProcessTimes(times).createTime, 133_000_000_000_003_000n);
    const id = decodeTelemetryId(telemetry, 8);
    assert.equal(id.startKey, (9n << 48n) | 3001n);
    assert.equal(id.sessionId, 1);
    assert.equal(id.bootId, 9);
    assert.equal(new DataView(sequence.buffer).getBigUint64(0, true), 3001n);
  });

  test('a thread names its process and says when it has ended', () => {
    const { status, handle } = api.openThread(3008, 0x800);
    assert.equal(status, 0);
    const basic = new Uint8Array(48);
    const ended = new Uint8Array(4);
    assert.deepEqual(api.queryInformationThread(handle, 0, basic), { status: 0, returnLength: 48 });
    const { uniqueProcess, uniqueThread } = decodeThreadBasicInformation(basic, 8);
    assert.deepEqual([uniqueProcess, uniqueThread], [3000, 3008]);
    assert.deepEqual(api.queryInformationThread(handle, 20, ended), { status: 0, returnLength: 4 });
    assert.deepEqual([...ended], [0, 0, 0, 0]);
    ntsim.exitThread(3008);
    api.queryInformationThread(handle, 20, ended);
    assert.deepEqual([...ended], [1, 0, 0, 0]);
    api.close(handle);
  });

  test('the pseudo-handle is the caller, and duplicates into a real handle', () => {
    const buffer = newExtendedBasicInformation(8);
    assert.equal(api.queryInformationProcess(-1n, 0, buffer).status, 0);
    assert.equal(decodeExtendedBasicInformation(buffer, 8).uniqueProcessId, 2000);
    assert.equal(api.queryInformationProcess(0xffff_ffff_ffff_ffffn, 0, buffer).status, 0);
    const { status, handle } = api.duplicate(-1n, 0x1000);
    assert.equal(status, 0);
    assert.equal(api.close(handle), 0);
    assert.equal(api.close(-1n), INVALID_HANDLE);
  });

  test('the process list says what it needs and points into the buffer it was given', () => {
    const short = api.querySystemInformation(5, new Uint8Array(8));
    assert.equal(short.status, INFO_LENGTH_MISMATCH);
    const buffer = new Uint8Array(short.returnLength);
    assert.deepEqual(api.querySystemInformation(5, buffer), { status: 0, returnLength: short.returnLength });
    const list = ProcessList.index(buffer, { base: api.addressOf(buffer), wordSize: 8, extension: true });
    assert.deepEqual(
      Array.from({ length: list.length }, (_, index) => [list.pid(index), list.name(index)]),
      [
        [0, null],
        [4, 'System'],
        [812, 'LsaIso.exe'],
        [900, 'lsass.exe'],
        [1000, 'hidden.exe'],
        [2000, 'agent.exe'],
        [3000, 'nötepad.exe'],
      ],
    );
    assert.deepEqual(list.tids(6), [3004, 3008]);
    assert.equal(list.classification(1), 1);
    assert.equal(list.sequenceNumber(2), 813n);
    assert.equal(list.sessionId(6), 1);
  });

  test('a part of a larger buffer is written where it lies', () => {
    const whole = new Uint8Array(128).fill(0xaa);
    const part = whole.subarray(8, 72);
    assert.equal(api.addressOf(part), api.addressOf(whole) + 8n);
    assert.equal(api.queryInformationProcess(-1n, 0, part).status, 0);
    assert.equal(whole[7], 0xaa);
    assert.equal(whole[8], 64);
    assert.equal(whole[72], 0xaa);
  });

  test('system classes answer, and unknown ones are refused', () => {
    const isolated = new Uint8Array(16);
    assert.deepEqual(api.querySystemInformation(165, isolated), { status: 0, returnLength: 16 });
    assert.equal(new DataView(isolated.buffer).getUint32(0, true), 0x523);
    const integrity = newCodeIntegrity();
    assert.deepEqual(api.querySystemInformation(103, integrity), { status: 0, returnLength: 8 });
    assert.equal(new DataView(integrity.buffer).getUint32(4, true), 0x2401);
    assert.equal(api.querySystemInformation(9999, isolated).status, 0xc0000003);
  });

  test('statuses have their Win32 errors, one the kernel does not know has none', () => {
    assert.equal(api.win32Error(0xc0000005), 998);
    assert.equal(api.win32Error(0xc0000022 | 0), 5);
    assert.equal(api.win32Error(0), 0);
    assert.equal(api.win32Error(0xc0de0001), undefined);
  });

  test('a call that fails is reported, a close that fails leaves the handle', () => {
    ntsim.fail({ call: 'NtOpenProcess', status: 0xc000009a, nth: 1 });
    ntsim.fail({ call: 'NtOpenThread', status: 0xc000009a, pid: 3000 });
    ntsim.fail({ call: 'NtDuplicateObject', status: 0xc000009a });
    ntsim.fail({ call: 'NtClose', status: 0xc0000001, nth: 1 });
    ntsim.fail({ call: 'NtQueryInformationThread', status: 0xc0000001, infoClass: 20 });
    ntsim.fail({ call: 'NtQuerySystemInformation', status: 0xc0000001, infoClass: 145 });
    assert.deepEqual(api.openProcess(3000, 0x1000), { status: 0xc000009a, handle: 0n });
    assert.equal(api.openThread(3004, 0x800).status, 0xc000009a);
    const handle = open(3000, 0x1000);
    assert.equal(api.duplicate(handle, 0x1000).status, 0xc000009a);
    assert.equal(api.close(handle), 0xc0000001);
    assert.equal(api.close(handle), 0);
    assert.equal(api.queryInformationThread(-2n, 20, new Uint8Array(4)).status, 0xc0000001);
    assert.equal(api.querySystemInformation(145, new Uint8Array(2)).status, 0xc0000001);
  });

  test('two apis over one library share its machine', () => {
    const other = loadNtApi({ library });
    const handle = open(3000, 0x1000);
    assert.equal(other.close(handle), 0);
    other.dispose();
  });

  test('the backend over it is simulated, reads a trustlet, and leaves nothing open', () => {
    const backend = createNtdllBackend({ library, simulated: true });
    assert.equal(backend.name, 'ntdll');
    assert.equal(backend.simulated, true);
    const record = backend.query(812);
    assert.equal(record.flags, 0x80);
    assert.equal(record.startKey, (9n << 48n) | 813n);
    assert.equal(backend.census().length, 7);
    assert.equal(ntsim.openHandles, 0);
    backend.dispose();
  });
});

describe('loading', () => {
  const refusal = (expected: RegExp) => (error: unknown) => {
    assert.ok(error instanceof TrustletError);
    assert.equal(error.code, 'ERR_TRUSTLET_BACKEND');
    assert.match(error.message, expected);
    assert.ok(error.cause instanceof Error);
    return true;
  };

  test('a library that is not there is named', () => {
    assert.throws(
      () => loadNtApi({ library: '/nowhere/ntdll.so' }),
      refusal(/^The library \/nowhere\/ntdll\.so could not be loaded/),
    );
  });

  test('an entry point that is not there is named with its library', () => {
    const library = process.platform === 'win32' ? 'kernel32.dll' : 'libc.so.6';
    assert.throws(
      () => loadNtApi({ library }),
      refusal(/^The library (libc\.so\.6|kernel32\.dll) has no entry point NtOpenProcess/),
    );
  });

  test('without koffi the message says how to get it, and importing the module does not ask for it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'trustlet-'));
    try {
      cpSync(fileURLToPath(new URL('../../../lib', import.meta.url)), join(folder, 'lib'), { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      const module = pathToFileURL(join(folder, 'lib/backends/ntdll.js')).href;
      const program = `
        const { loadNtApi } = await import(${JSON.stringify(module)});
        console.log('imported');
        try { loadNtApi({ library: 'x' }); } catch ({ code, message, cause }) { console.log(code, message, cause.code); }`;
      const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
        timeout: 20_000,
        cwd: folder,
      });
      assert.equal(
        run.stdout,
        'imported\nERR_TRUSTLET_BACKEND The ntdll backend calls Windows through koffi, which could not be loaded. ' +
          'Run `npm install koffi`. MODULE_NOT_FOUND\n',
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
