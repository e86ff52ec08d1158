import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { NtBackend } from '../../../lib/backends/nt-backend.js';
import { TrustletError } from '../../../lib/errors.js';
import {
  encodeBasicInformation,
  encodeExtendedBasicInformation,
  encodeProcessList,
  encodeProcessTimes,
  encodeTelemetryId,
  encodeThreadBasicInformation,
} from '../../../lib/layout/index.js';
import type { NtApi, QueryResult } from '../../../lib/nt-api.js';

const BASE = 0x7ff0_0000_0000n;
const SUCCESS = 0;
const ACCESS_DENIED = 0xc0000022;
const INVALID_INFO_CLASS = 0xc0000003;
const LENGTH_MISMATCH = 0xc0000004;
const BUFFER_OVERFLOW = 0x80000005;

const basic = {
  size: 64,
  exitStatus: 0x103,
  pebBaseAddress: 0n,
  affinityMask: 3n,
  basePriority: 8,
  uniqueProcessId: 100,
  inheritedFromUniqueProcessId: 4,
  flags: 0,
};

/** NT calls whose answers a test puts in by class: bytes for success, a number for a status. */
class ScriptedApi implements NtApi {
  readonly wordSize = 8;
  readonly process = new Map<string, Uint8Array | number>();
  readonly system = new Map<number, (buffer: Uint8Array) => QueryResult>();
  thread: (Uint8Array | number)[] = [];
  threadTerminated: Uint8Array | number = new Uint8Array(4);
  openStatus = SUCCESS;
  build = 26100;
  opened = 0;
  closed = 0;
  disposed = 0;

  version() {
    return { major: 10, minor: 0, build: this.build };
  }
  currentPid() {
    return 100;
  }
  openProcess() {
    if (this.openStatus !== SUCCESS) return { status: this.openStatus, handle: 0n };
    this.opened += 1;
    return { status: SUCCESS, handle: 0x40n };
  }
  openThread() {
    return { status: SUCCESS, handle: 0x44n };
  }
  duplicate() {
    return { status: SUCCESS, handle: 0x48n };
  }
  close() {
    this.closed += 1;
    return SUCCESS;
  }
  queryInformationProcess(_handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    const answer = this.process.get(infoClass === 0 ? `0/${buffer.length}` : String(infoClass)) ?? INVALID_INFO_CLASS;
    return this.#answer(answer, buffer);
  }
  queryInformationThread(_handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    const answer =
      infoClass === 20 ? this.threadTerminated : this.thread.length > 1 ? this.thread.shift() : this.thread[0];
    return this.#answer(answer ?? INVALID_INFO_CLASS, buffer);
  }
  querySystemInformation(infoClass: number, buffer: Uint8Array): QueryResult {
    return this.system.get(infoClass)?.(buffer) ?? { status: INVALID_INFO_CLASS, returnLength: 0 };
  }
  addressOf() {
    return BASE;
  }
  win32Error(status: number) {
    return status === ACCESS_DENIED ? 5 : undefined;
  }
  dispose() {
    this.disposed += 1;
  }
  #answer(answer: Uint8Array | number, buffer: Uint8Array): QueryResult {
    if (typeof answer === 'number') return { status: answer, returnLength: 0 };
    buffer.set(answer.subarray(0, buffer.length));
    return { status: SUCCESS, returnLength: answer.length };
  }
}

const telemetry = (over: Partial<Parameters<typeof encodeTelemetryId>[0]> = {}): Uint8Array =>
  encodeTelemetryId(
    {
      processId: 100,
      startKey: 0x7000000000064n,
      createTime: 500n,
      sequenceNumber: 0x64n,
      sessionId: 1,
      bootId: 7,
      ...over,
    },
    8,
  );

const times = (createTime: bigint): Uint8Array =>
  encodeProcessTimes({ createTime, exitTime: 0n, kernelTime: 0n, userTime: 0n });

let api: ScriptedApi;
let backend: NtBackend;

beforeEach(() => {
  api = new ScriptedApi();
  api.process.set('0/64', encodeExtendedBasicInformation(basic, 8));
  api.process.set('0/48', encodeBasicInformation(basic, 8));
  api.process.set('4', times(500n));
  api.process.set('61', Uint8Array.of(0x41));
  api.process.set('64', telemetry());
  backend = new NtBackend(api, { name: 'ntdll', simulated: false, description: 'scripted' });
});

const listOf =
  (createTime = 500n) =>
  (buffer: Uint8Array): QueryResult => {
    const { bytes, needed } = encodeProcessList(
      [
        {
          pid: 100,
          parentPid: 4,
          name: 'notepad.exe',
          sessionId: 1,
          createTime,
          tids: [104],
          classification: 0,
          sequenceNumber: 0x64n,
        },
      ],
      { base: BASE, wordSize: 8, extension: true, target: buffer },
    );
    return bytes === null
      ? { status: LENGTH_MISMATCH, returnLength: needed }
      : { status: SUCCESS, returnLength: needed };
  };

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
    api.queryInformationProcess = (handle, infoClass, buffer) =>
      infoClass === 64 ? { status: BUFFER_OVERFLOW, returnLength: 8 } : original(handle, infoClass, buffer);
    assert.equal(backend.query(100).startKey, null, 'an overflow that filled nothing is not read');
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

describe('examine', () => {
  test('reports the object’s own pid', () => {
    const { record, thread } = backend.examine(0x40n, 'process');
    assert.equal(record.pid, 100);
    assert.equal(record.openStatus, SUCCESS);
    assert.equal(thread, null);
    assert.equal(api.closed, 0, 'the handle is not ours to close');
  });

  test('an object that answers no basic query says its pid through class 64, and has pid 0 without that', () => {
    api.process.set('0/64', LENGTH_MISMATCH);
    api.process.set('0/48', ACCESS_DENIED);
    assert.equal(backend.examine(0x40n, 'process').record.pid, 100);
    api.process.set('64', INVALID_INFO_CLASS);
    assert.equal(backend.examine(0x40n, 'process').record.pid, 0);
  });

  const threadInfo = (uniqueProcess: number, uniqueThread: number): Uint8Array =>
    encodeThreadBasicInformation({ exitStatus: 0x103, uniqueProcess, uniqueThread }, 8);

  test('a thread names its process, which is opened and asked', () => {
    api.thread = [threadInfo(100, 204)];
    const { record, thread } = backend.examine(0x44n, 'thread');
    assert.equal(record.pid, 100);
    assert.deepEqual(thread, { status: SUCCESS, tid: 204, exited: false });
  });

  test('a thread that has ended says so', () => {
    api.thread = [threadInfo(100, 204)];
    api.threadTerminated = Uint8Array.of(1, 0, 0, 0);
    assert.equal(backend.examine(0x44n, 'thread').thread?.exited, true);
  });

  test('a thread that names another process afterwards is not paired', () => {
    api.thread = [threadInfo(100, 204), threadInfo(108, 204)];
    assert.equal(backend.examine(0x44n, 'thread').thread?.status, 0xc000000b);
  });

  test('a thread that will not answer, before, after, or whether it lives, is not paired', () => {
    api.thread = [ACCESS_DENIED];
    assert.equal(backend.examine(0x44n, 'thread').thread?.status, ACCESS_DENIED);
    api.thread = [threadInfo(100, 204), ACCESS_DENIED];
    assert.equal(backend.examine(0x44n, 'thread').thread?.status, ACCESS_DENIED);
    api.thread = [threadInfo(100, 204)];
    api.threadTerminated = INVALID_INFO_CLASS;
    assert.equal(backend.examine(0x44n, 'thread').thread?.status, INVALID_INFO_CLASS);
  });
});

describe('census', () => {
  test('joins the list with what each process answers', () => {
    api.system.set(5, listOf());
    const census = backend.census();
    assert.equal(census.length, 1);
    assert.equal(census.pid(0), 100);
    const found = census.record(0);
    assert.equal(found.name, 'notepad.exe');
    assert.equal(found.classification, 0);
    assert.equal(found.startKey, 0x7000000000064n);
    assert.equal(found.reused, false);
  });

  test('a pid that answers with another create time than listed is reused', () => {
    api.system.set(5, listOf(499n));
    assert.equal(backend.census().record(0).reused, true);
  });

  test('a process that cannot be opened keeps what the list says of it', () => {
    api.system.set(5, listOf());
    api.openStatus = ACCESS_DENIED;
    const found = backend.census().record(0);
    assert.equal(found.openStatus, ACCESS_DENIED);
    assert.equal(found.createTime, 500n);
    assert.equal(found.startKey, 0x7000000000064n, 'from the list’s sequence number and the boot id');
    assert.equal(found.reused, false);
  });

  test('an answer without a create time is not taken for the listed process', () => {
    api.system.set(5, listOf());
    api.process.set('64', INVALID_INFO_CLASS);
    api.process.set('4', ACCESS_DENIED);
    const found = backend.census().record(0);
    assert.equal(found.flags, null);
    assert.equal(found.extendedStatus, 0xc0000001);
  });

  test('the buffer grows until the list fits, also when the callee names no length', () => {
    let calls = 0;
    api.system.set(5, (buffer) => {
      calls += 1;
      if (calls === 1) return { status: LENGTH_MISMATCH, returnLength: 0x40000 };
      if (calls === 2) return { status: 0xc0000023, returnLength: 0 };
      return { ...listOf()(buffer), returnLength: 0 };
    });
    assert.equal(backend.census().length, 1);
    assert.equal(calls, 3);
  });

  test('a list that never fits, or cannot be read, is a lost backend', () => {
    const lost = (message: RegExp) => (error: unknown) =>
      error instanceof TrustletError && error.code === 'ERR_TRUSTLET_BACKEND' && message.test(error.message);
    api.system.set(5, () => ({ status: ACCESS_DENIED, returnLength: 0 }));
    assert.throws(() => backend.census(), lost(/STATUS_ACCESS_DENIED/));
    api.system.set(5, () => ({ status: LENGTH_MISMATCH, returnLength: 8 }));
    assert.throws(() => backend.census(), lost(/grew faster/));
  });

  test('before 1709 there is no extension to read', () => {
    api.build = 15063;
    api.system.set(5, listOf());
    assert.equal(backend.census().record(0).classification, null);
  });
});

describe('system', () => {
  test('keeps class 165 once it has answered, or is known not to exist', () => {
    let calls = 0;
    api.system.set(165, (buffer) => {
      calls += 1;
      if (calls === 1) return { status: ACCESS_DENIED, returnLength: 0 };
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
    const other = new NtBackend(new ScriptedApi(), { name: 'ntdll', simulated: false, description: 'scripted' });
    assert.equal(other.system().isolatedUserModeStatus, INVALID_INFO_CLASS);
    assert.equal(other.system(), other.system());
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

describe('posture', () => {
  test('each answer says what it was read from, and a failure is an answer of null', () => {
    api.system.set(165, (buffer) => {
      buffer.set([0x03, 0x05]);
      return { status: SUCCESS, returnLength: 16 };
    });
    api.system.set(103, (buffer) => {
      buffer.set([8, 0, 0, 0, 0x03, 0x04, 0, 0]);
      return { status: SUCCESS, returnLength: 8 };
    });
    api.system.set(145, () => ({ status: ACCESS_DENIED, returnLength: 0 }));
    api.system.set(169, (buffer) =>
      buffer.length === 3 ? { status: SUCCESS, returnLength: 3 } : { status: LENGTH_MISMATCH, returnLength: 3 },
    );
    const posture = backend.posture();
    assert.deepEqual(posture.vsm.running, { value: true, evidence: 'class 165 SecureKernelRunning' });
    assert.equal(posture.hvci.running.value, true);
    assert.equal(posture.hvci.configured.value, true);
    assert.equal(posture.trustletRunning.value, true);
    assert.equal(posture.vbs.hardwareEnforced.value, true);
    assert.equal(posture.testSigning.value, true);
    assert.deepEqual(posture.secureBoot, { value: null, evidence: 'class 145 failed: STATUS_ACCESS_DENIED' });
    assert.equal(posture.credentialGuard.running.value, null);
    assert.equal(posture.credentialGuard.configured.value, null);
    assert.equal(posture.hypervisorPresent.value, null);
    assert.equal(posture.sources.vsmProtection.statusName, 'STATUS_SUCCESS');
    assert.equal(posture.sources.vsmProtection.values?.['ApicVirtualizationAvailable'], undefined);
    assert.equal(posture.sources.secureBoot.values, null);
    assert.deepEqual(posture.windows, { major: 10, minor: 0, build: 26100 });
  });

  test('a system without class 165 has no VSM, hence no Credential Guard', () => {
    const posture = backend.posture();
    assert.equal(posture.vsm.running.value, false);
    assert.equal(posture.credentialGuard.running.value, false);
  });

  test('with VSM and no trustlet running, Credential Guard is not running', () => {
    api.system.set(165, (buffer) => {
      buffer[0] = 1;
      return { status: SUCCESS, returnLength: 16 };
    });
    const posture = backend.posture();
    assert.equal(posture.credentialGuard.running.value, false);
    assert.match(posture.credentialGuard.running.evidence, /TrustletRunning is clear/);
  });

  test('a member this build does not have is null', () => {
    api.system.set(169, (buffer) =>
      buffer.length === 2 ? { status: SUCCESS, returnLength: 2 } : { status: LENGTH_MISMATCH, returnLength: 2 },
    );
    assert.deepEqual(Object.keys(backend.posture().sources.vsmProtection.values ?? {}).length, 2);
  });
});
