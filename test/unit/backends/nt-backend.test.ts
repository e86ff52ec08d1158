import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { NtBackend } from '../../../lib/backends/nt-backend.js';
import { TrustletError } from '../../../lib/errors.js';
import {
  encodeBasicInformation,
  encodeExtendedBasicInformation,
  encodeProcessList,
} from '../../../lib/layout/index.js';
import {
  ACCESS_DENIED,
  BASE,
  BUFFER_OVERFLOW,
  basic,
  INVALID_INFO_CLASS,
  LENGTH_MISMATCH,
  type ScriptedApi,
  SUCCESS,
  scriptedApi,
  telemetry,
} from '../../support/scripted-api.js';

let api: ScriptedApi;
let backend: NtBackend;

beforeEach(() => {
  api = scriptedApi();
  backend = new NtBackend(api, { name: 'ntdll', simulated: false, description: 'scripted' });
});

describe('query', () => {
  test('asks for everything on one handle and closes it', () => {
    const found = backend.query(100);
    assert.equal(found.flags, 0);
    assert.equal(found.protection, 0x41);
    assert.equal(found.createTime, 500n);
    assert.equal(found.startKey, 0x7000000000064n);
    assert.equal(found.sessionId, 1);
    assert.equal(found.parentPid, 4);
    assert.equal(api.opened, 1);
    assert.equal(api.closed, 1);
  });

  test('a refused open makes no query', () => {
    api.openStatus = ACCESS_DENIED;
    const found = backend.query(100);
    assert.equal(found.openStatus, ACCESS_DENIED);
    assert.equal(found.extendedStatus, null);
    assert.equal(api.closed, 0);
  });

  test('a failed extended query leaves no flags, even though the plain one works', () => {
    api.process.set('0/64', LENGTH_MISMATCH);
    const found = backend.query(100);
    assert.equal(found.extendedStatus, LENGTH_MISMATCH);
    assert.equal(found.flags, null);
    assert.equal(found.parentPid, 4);
  });

  test('pid 101 that opens 100 is no process (NtOpenProcess ignores the low two bits)', () => {
    assert.equal(backend.query(101).openStatus, 0xc000000b);
    assert.equal(api.closed, 1);
  });

  test('a telemetry id that overflows still gives its fixed part', () => {
    const id = telemetry();
    const original = api.queryInformationProcess.bind(api);
    api.queryInformationProcess = (handle, infoClass, buffer) => {
      const result = original(handle, infoClass, buffer);
      return infoClass === 64 ? { status: BUFFER_OVERFLOW, returnLength: id.length + 400 } : result;
    };
    assert.equal(backend.query(100).startKey, 0x7000000000064n);
    api.queryInformationProcess = (handle, infoClass, buffer) => {
      const result = original(handle, infoClass, buffer);
      return infoClass === 64 ? { status: BUFFER_OVERFLOW, returnLength: 8 } : result;
    };
    assert.equal(backend.query(100).startKey, null, 'an overflow that filled less than the fixed part is not read');
  });

  test('without class 64 the create time comes from class 4, and there is no start key without a boot id', () => {
    api.process.set('64', INVALID_INFO_CLASS);
    api.process.set('92', Uint8Array.of(0x64, 0, 0, 0, 0, 0, 0, 0));
    const found = backend.query(100);
    assert.equal(found.createTime, 500n);
    assert.equal(found.startKey, null);
    assert.equal(found.sessionId, null);
  });

  test('where class 64 is refused for a process, class 92 and the boot id give the start key', () => {
    const original = api.queryInformationProcess.bind(api);
    api.queryInformationProcess = (handle, infoClass, buffer) =>
      infoClass === 64 && handle !== -1n
        ? { status: ACCESS_DENIED, returnLength: 0 }
        : original(handle, infoClass, buffer);
    api.process.set('92', Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0));
    assert.equal(backend.query(100).startKey, 0x7000000000065n);
    api.process.set('92', new Uint8Array(8));
    assert.equal(backend.query(100).startKey, null, 'a sequence number of 0 is absent');
  });

  test('identity fields that no class gives are absent', () => {
    for (const infoClass of ['64', '4', '92', '61']) api.process.set(infoClass, INVALID_INFO_CLASS);
    const found = backend.query(100);
    assert.equal(found.createTime, null);
    assert.equal(found.startKey, null);
    assert.equal(found.protection, null);
  });

  test('a start key of 0 is absent', () => {
    api.process.set('64', telemetry({ startKey: 0n }));
    assert.equal(backend.query(100).startKey, null);
  });
});

describe('buffers that lie', () => {
  test('a success that filled nothing, or one that is only informational, is no answer', () => {
    const original = api.queryInformationProcess.bind(api);
    for (const status of [SUCCESS, 0x103, 0x40000000]) {
      api.queryInformationProcess = (handle, infoClass, buffer) =>
        infoClass === 0 && buffer.length === 64 ? { status, returnLength: 64 } : original(handle, infoClass, buffer);
      const found = backend.examine(0x40n, 'process').record;
      assert.equal(found.flags, null);
      assert.equal(found.extendedStatus, 0xc0000001);
    }
  });

  test('an extended query whose Size is too small, or whose pid is cut, is a format error, and the handle is closed', () => {
    const format = (error: unknown) => error instanceof TrustletError && error.code === 'ERR_TRUSTLET_FORMAT';
    const small = encodeExtendedBasicInformation(basic, 8);
    small[0] = 48;
    api.process.set('0/64', small);
    assert.throws(() => backend.query(100), format);
    assert.equal(api.closed, api.opened);
    const wide = encodeExtendedBasicInformation(basic, 8);
    wide[44] = 1;
    api.process.set('0/64', wide);
    assert.throws(() => backend.query(100), format);
    assert.equal(api.closed, api.opened);
  });

  /** Answers the 64-byte query with these bytes. */
  const answerWith = (bytes: Uint8Array, status: number, returnLength: number): void => {
    const original = api.queryInformationProcess.bind(api);
    api.queryInformationProcess = (handle, infoClass, buffer) => {
      if (infoClass !== 0 || buffer.length !== 64) return original(handle, infoClass, buffer);
      buffer.set(bytes);
      return { status, returnLength };
    };
  };
  const isFormatError = (error: unknown) => error instanceof TrustletError && error.code === 'ERR_TRUSTLET_FORMAT';

  test('an informational status is no answer, however well the buffer is filled', () => {
    answerWith(encodeExtendedBasicInformation(basic, 8), 0x103, 64);
    const found = backend.query(100);
    assert.equal(found.flags, null);
    assert.equal(found.extendedStatus, 0xc0000001);
  });

  test('an answer that is not as long as was asked for is none', () => {
    // The plain form in the extended query's place: its ExitStatus 259 would pass for a Size.
    answerWith(encodeBasicInformation(basic, 8), SUCCESS, 48);
    const found = backend.query(100);
    assert.equal(found.flags, null);
    assert.equal(found.extendedStatus, 0xc0000001);
    answerWith(encodeExtendedBasicInformation(basic, 8), SUCCESS, 0);
    assert.equal(backend.query(100).flags, null);
  });

  test('an answer of another Size is a format error, a longer one too', () => {
    answerWith(encodeBasicInformation(basic, 8), SUCCESS, 64);
    assert.throws(() => backend.query(100), isFormatError);
    answerWith(encodeExtendedBasicInformation({ ...basic, size: 80 }, 8), SUCCESS, 64);
    assert.throws(() => backend.query(100), isFormatError);
  });

  test('a Flags word that was not written reads as every flag set, never as an ordinary process', () => {
    answerWith(encodeExtendedBasicInformation(basic, 8).subarray(0, 56), SUCCESS, 64);
    assert.equal(backend.query(100).flags, 0xffffffff);
  });

  test('a process list is read no further than the callee says it wrote', () => {
    api.system.set(5, (buffer) => {
      const entry = { parentPid: 4, name: 'a.exe', sessionId: 1, createTime: 5n, tids: [], classification: 0 };
      const list = (...pids: readonly number[]) =>
        encodeProcessList(
          pids.map((pid) => ({ ...entry, pid, sequenceNumber: BigInt(pid) })),
          { base: BASE, wordSize: 8, extension: true, target: buffer },
        );
      const { needed } = list(100);
      list(100, 104);
      return { status: SUCCESS, returnLength: needed };
    });
    assert.throws(() => backend.census(), isFormatError);
  });

  test('a process list that leads out of its buffer is a format error', () => {
    api.system.set(5, (buffer) => {
      buffer.fill(0xff);
      return { status: SUCCESS, returnLength: buffer.length };
    });
    assert.throws(
      () => backend.census(),
      (error: unknown) => error instanceof TrustletError && error.code === 'ERR_TRUSTLET_FORMAT',
    );
  });
});

describe('system', () => {
  test('keeps class 165 once it has answered, and no failure', () => {
    let calls = 0;
    api.system.set(165, (buffer) => {
      calls += 1;
      if (calls === 1) return { status: ACCESS_DENIED, returnLength: 0 };
      buffer.fill(0);
      buffer[0] = 1;
      return { status: SUCCESS, returnLength: 16 };
    });
    assert.deepEqual(backend.system(), {
      build: 26100,
      isolatedUserModeStatus: ACCESS_DENIED,
      isolatedUserModeFlags: null,
    });
    assert.equal(backend.system().isolatedUserModeFlags, 1);
    assert.equal(backend.system().isolatedUserModeFlags, 1);
    assert.equal(calls, 2);
  });

  test('without class 165, which is asked twice, keeps that', () => {
    let calls = 0;
    api.system.set(165, () => {
      calls += 1;
      return { status: INVALID_INFO_CLASS, returnLength: 0 };
    });
    assert.equal(backend.system().isolatedUserModeStatus, INVALID_INFO_CLASS);
    assert.equal(backend.system(), backend.system());
    assert.equal(calls, 2);
  });

  test('does not take one refusal of the class for a system without it', () => {
    let calls = 0;
    api.system.set(165, (buffer) => {
      calls += 1;
      if (calls === 1) return { status: INVALID_INFO_CLASS, returnLength: 0 };
      buffer.fill(0);
      buffer[0] = 1;
      return { status: SUCCESS, returnLength: 16 };
    });
    assert.equal(backend.system().isolatedUserModeFlags, 1);
  });

  test('takes flags from a plain success that wrote them alone, and keeps no other', () => {
    const answers = [
      { status: 0x103, returnLength: 16 },
      { status: 0x40000000, returnLength: 16 },
      { status: SUCCESS, returnLength: 0 },
      { status: SUCCESS, returnLength: 3 },
    ];
    for (const answer of answers) {
      api.system.set(165, (buffer) => {
        buffer.fill(0);
        return answer;
      });
      assert.equal(backend.system().isolatedUserModeFlags, null);
    }
    api.system.set(165, (buffer) => {
      buffer[0] = 1;
      return { status: SUCCESS, returnLength: 4 };
    });
    assert.equal(backend.system().isolatedUserModeFlags, 0xffffff01);
  });

  test('that wrote nothing reads as every flag set: the secure kernel runs', () => {
    api.system.set(165, () => ({ status: SUCCESS, returnLength: 16 }));
    assert.equal(backend.system().isolatedUserModeFlags, 0xffffffff);
  });
});

test('opens, duplicates, closes, maps errors and disposes through the api', () => {
  assert.equal(backend.openProcess(100, 0x10).handle, 0x40n);
  assert.equal(backend.openThread(104, 0x10).handle, 0x44n);
  assert.equal(backend.duplicate(0x40n, 0x10).handle, 0x48n);
  assert.equal(backend.close(0x40n), SUCCESS);
  assert.equal(backend.win32Error(ACCESS_DENIED), 5);
  assert.deepEqual(
    backend.queryMany([100, 100]).map((found) => found.pid),
    [100, 100],
  );
  backend.dispose();
  assert.equal(api.disposed, 1);
});
