import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Backend } from '../../../lib/backend.js';
import { createDriverBackend, openDriver } from '../../../lib/backends/driver.js';
import { EmulatedBackend } from '../../../lib/backends/emulated.js';
import { boot } from '../../../lib/emulator/index.js';
import { TrustletError } from '../../../lib/errors.js';
import { type DriverBench, driverBench } from '../../support/driver-bench.js';
import { FakeBinding } from '../../support/fake-device.js';

let bench: DriverBench;
let backend: Backend;

beforeEach(() => {
  bench = driverBench();
  backend = bench.open();
});

const throws = (act: () => unknown, code: string, message: RegExp): void => {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof TrustletError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
};

describe('what the driver backend says of itself', () => {
  test('name, driver, protocol and capabilities are those of HELLO', () => {
    assert.equal(backend.name, 'driver');
    assert.equal(backend.description, 'driver 2.3.4 at \\\\.\\Trustlet, protocol 1');
    assert.equal(backend.examinesAnyHandle, true);
    assert.deepEqual(backend.driver, {
      version: '2.3.4',
      protocol: 1,
      capabilities: ['query', 'census', 'examine', 'guard', 'stats', 'start-key'],
    });
    assert.deepEqual(bench.binding.opened, ['\\\\.\\Trustlet']);
  });

  test('what the driver cannot do is not among its capabilities', () => {
    bench.binding.driver.capabilities = 0xf;
    assert.deepEqual(bench.open().driver?.capabilities, ['query', 'census', 'examine', 'guard']);
  });

  test('it is simulated where the addon’s kernel is, or where it is told so', () => {
    assert.equal(backend.simulated, false);
    bench.binding.kind = 'host';
    assert.equal(bench.open().simulated, true);
    assert.equal(createDriverBackend({ binding: bench.binding, simulated: false }).simulated, false);
  });

  test('another device is opened by its path', () => {
    const other = createDriverBackend({ binding: bench.binding, path: '\\\\.\\TrustletSim' });
    assert.match(other.description, /driver 2\.3\.4 at \\\\\.\\TrustletSim/);
    assert.equal(bench.binding.opened.at(-1), '\\\\.\\TrustletSim');
  });

  test('the caller is the addon’s process', () => {
    assert.equal(backend.callerPid(), 4);
  });

  test('openDriver takes the addon from its loader', () => {
    assert.equal(openDriver(() => bench.binding).name, 'driver');
    if (process.platform !== 'win32') throws(() => openDriver(), 'ERR_TRUSTLET_BACKEND', /needs Windows/);
  });

  test('dispose closes the device once', () => {
    backend.dispose();
    assert.equal(bench.binding.closed, 1);
  });
});

describe('query', () => {
  test('a process costs one request, and its record comes whole', () => {
    const { seen } = bench.binding.driver;
    const before = seen.length;
    // The name and the session of a process are in the CENSUS alone.
    assert.deepEqual(backend.query(104), { ...bench.source.query(104), name: null, sessionId: null });
    assert.deepEqual(
      seen.slice(before).map(({ message, room }) => [message, room]),
      [['QUERY', 80]],
    );
  });

  test('no such process is a record with the status', () => {
    const found = backend.query(4444);
    assert.equal(found.pid, 4444);
    assert.equal(found.openStatus, 0xc000000b);
    assert.equal(found.flags, null);
  });

  test('many are one request, aligned, duplicates included', () => {
    const before = bench.binding.driver.asked.length;
    const pids = [104, 9999, 100, 104];
    assert.deepEqual(
      backend.queryMany(pids).map(({ pid, flags }) => [pid, flags]),
      [
        [104, 0x80],
        [9999, null],
        [100, 0],
        [104, 0x80],
      ],
    );
    assert.equal(bench.binding.driver.asked.length, before + 1);
    assert.deepEqual(backend.queryMany([]), []);
    assert.equal(bench.binding.driver.asked.length, before + 1);
  });

  test('more than the driver takes at once are asked for in parts', () => {
    bench.binding.driver.maxPids = 3;
    const small = bench.open();
    const before = bench.binding.driver.asked.length;
    const pids = [100, 104, 108, 100, 104, 108, 100];
    assert.deepEqual(
      small.queryMany(pids).map(({ pid }) => pid),
      pids,
    );
    assert.deepEqual(bench.binding.driver.asked.slice(before), ['QUERY', 'QUERY', 'QUERY']);
  });

  test('a driver that takes more at once than the protocol has is asked for as many as the protocol has', () => {
    bench.binding.driver.maxPids = 100_000;
    const large = bench.open();
    const before = bench.binding.driver.asked.length;
    assert.equal(large.queryMany(Array.from({ length: 4097 }, () => 100)).length, 4097);
    assert.deepEqual(bench.binding.driver.asked.slice(before), ['QUERY', 'QUERY']);
  });

  test('answers do not change when the next one is asked for', () => {
    const [first] = backend.queryMany([104]);
    backend.query(100);
    assert.equal(first?.flags, 0x80);
    assert.equal(first?.pid, 104);
  });

  test('a reply that nobody wrote is not the answer before', () => {
    assert.equal(backend.query(100).flags, 0);
    // The device says that it wrote a reply, and leaves the buffer alone.
    bench.binding.driver.ioctl = () => 80;
    throws(() => backend.query(104), 'ERR_TRUSTLET_PROTOCOL', /QUERY/);
    throws(() => backend.query(100), 'ERR_TRUSTLET_PROTOCOL', /QUERY/);
  });
});

describe('the system', () => {
  const NO_CLASS = { build: 15000, isolatedUserModeStatus: 0xc0000003, isolatedUserModeFlags: null };
  const FAILED = { build: 26100, isolatedUserModeStatus: 0xc0000001, isolatedUserModeFlags: null };
  const ANSWERED = { build: 26100, isolatedUserModeStatus: 0, isolatedUserModeFlags: 0x101 };

  test('what HELLO said is kept', () => {
    assert.deepEqual(backend.system(), ANSWERED);
    assert.deepEqual(backend.system(), ANSWERED);
    assert.deepEqual(bench.binding.driver.asked, ['HELLO']);
  });

  test('class 165 is believed not to exist only where that is said twice', () => {
    bench.binding.driver.systems = [NO_CLASS, NO_CLASS, ANSWERED];
    const without = bench.open();
    assert.deepEqual(without.system(), NO_CLASS);
    assert.deepEqual(bench.binding.driver.asked, ['HELLO', 'HELLO', 'HELLO']);
    bench.binding.driver.systems = [NO_CLASS, ANSWERED];
    assert.deepEqual(bench.open().system(), ANSWERED);
  });

  test('a driver that goes between the first HELLO and the second leaves no device open', () => {
    bench.binding.driver.systems = [NO_CLASS];
    let said = 0;
    bench.binding.driver.lies.set('HELLO', (reply) => {
      said += 1;
      return said === 2 ? -0xc000009d : reply;
    });
    throws(() => bench.open(), 'ERR_TRUSTLET_BACKEND', /was lost/);
    assert.equal(bench.binding.closed, 1);
  });

  test('a failure is not kept: it is asked again', () => {
    bench.binding.driver.systems = [FAILED, FAILED, ANSWERED];
    const unsure = bench.open();
    assert.deepEqual(unsure.system(), FAILED);
    assert.deepEqual(unsure.system(), ANSWERED);
    bench.binding.driver.systems = [FAILED];
    assert.deepEqual(unsure.system(), ANSWERED);
  });

  test('the posture is asked through the addon, and says the driver’s Windows', () => {
    const machine = boot('credential-guard');
    const emulated = new EmulatedBackend(machine);
    const binding = new FakeBinding(emulated, machine.ntApi());
    const { backend: _, simulated: __, ...expected } = emulated.posture();
    const { backend: name, simulated, ...found } = createDriverBackend({ binding }).posture();
    assert.deepEqual(found, { ...expected, windows: { major: 10, minor: 0, build: 26100 } });
    assert.deepEqual([name, simulated], ['driver', false]);
  });

  test('what was configured: nothing over a simulated kernel, and off Windows', async () => {
    const machine = boot('credential-guard');
    const binding = new FakeBinding(new EmulatedBackend(machine), machine.ntApi());
    const simulated = createDriverBackend({ binding, simulated: true });
    assert.match((await simulated.configuration({ timeoutMs: 1 })).registry.problem ?? '', /simulated kernel/);
    if (process.platform === 'win32') return;
    const { deviceGuard } = await createDriverBackend({ binding }).configuration({ timeoutMs: 1 });
    assert.equal(deviceGuard.state, 'unavailable');
    assert.equal(simulated.posture(machine.configuration()).features.vbs.configured.value, true);
  });

  test('a success that leaves the length unwritten is no answer, whatever the call before wrote', () => {
    let calls = 0;
    bench.binding.querySystemInformation = (_infoClass, buffer, returned) => {
      calls += 1;
      buffer.fill(0xff);
      if (calls === 1) returned[0] = 16;
      return 0;
    };
    const { sources } = bench.open().posture();
    assert.equal(sources.isolatedUserMode.status, 0);
    assert.equal(sources.codeIntegrity.status, 0xc0000001);
  });

  test('a status is mapped by the system, and has no code where the system has none', () => {
    bench.binding.win32Error = (status) => (status === 0xc0000022 ? 5 : 317);
    assert.equal(backend.win32Error(0xc0000022 | 0), 5);
    assert.equal(backend.win32Error(0xc0001234), undefined);
  });
});

describe('handles', () => {
  test('processes, threads and duplicates are opened by the addon with exactly the access asked for', () => {
    const opened = backend.openProcess(100, 0x1010);
    assert.equal(opened.status, 0);
    assert.equal(bench.source.openHandles.get(opened.handle)?.access, 0x1010);
    const copy = backend.duplicate(opened.handle, 0x1000);
    assert.equal(bench.source.openHandles.get(copy.handle)?.access, 0x1000);
    const thread = backend.openThread(120, 0x802);
    assert.deepEqual(bench.source.openHandles.get(thread.handle), { kind: 'thread', id: 120, access: 0x802 });
    for (const { handle } of [opened, copy, thread]) assert.equal(backend.close(handle), 0);
    assert.equal(bench.source.openHandles.size, 0);
    assert.equal(backend.close(opened.handle), 0xc0000008);
  });

  test('an open that fails has a status and no handle', () => {
    assert.deepEqual(backend.openProcess(4444, 0x1000), { status: 0xc000000b, handle: 0n });
    assert.deepEqual(backend.openThread(4444, 0x800), { status: 0xc000000b, handle: 0n });
    assert.deepEqual(backend.duplicate(0x44n, 0x1000), { status: 0xc0000008, handle: 0n });
  });

  test('an open that succeeds without writing a handle gives none, and not that of the open before', () => {
    const { handle } = backend.openProcess(100, 0x1000);
    assert.notEqual(handle, 0n);
    bench.binding.openProcess = () => 0;
    assert.deepEqual(backend.openProcess(104, 0x1000), { status: 0, handle: 0n });
    backend.close(handle);
  });
});
