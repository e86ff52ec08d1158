/** HELLO: whom the package talks to, in which version, and whom it does not. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { DriverConnection } from '../../../lib/backends/driver-connection.js';
import { TrustletError } from '../../../lib/errors.js';
import { type Wire, wire } from '../../../lib/protocol/index.js';
import { type DriverBench, driverBench } from '../../support/driver-bench.js';
import { futureWire } from '../../support/future-wire.js';
import { bent } from '../protocol/golden-bytes.js';

const PATH = '\\\\.\\Trustlet';

let bench: DriverBench;
beforeEach(() => {
  bench = driverBench();
});

const connect = (to: Wire = wire): DriverConnection => new DriverConnection(bench.binding, PATH, to);

/** A connection that must not come about, and leaves no device open. */
const refused = (code: string, message: RegExp, to: Wire = wire): TrustletError => {
  const { binding } = bench;
  const [opened, closed] = [binding.opened.length, binding.closed];
  let refusal: TrustletError | undefined;
  assert.throws(
    () => connect(to),
    (error: unknown) => {
      assert.ok(error instanceof TrustletError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      refusal = error;
      return true;
    },
  );
  assert.equal(binding.opened.length - opened, 1);
  assert.equal(binding.closed - closed, binding.openError === 0 ? 1 : 0, 'the device was left open');
  assert.ok(refusal !== undefined);
  return refusal;
};

describe('opening the device', () => {
  test('it says HELLO, offers its versions, and speaks the newest common one', () => {
    const connection = connect();
    assert.equal(connection.path, PATH);
    assert.equal(connection.codec.version, 1);
    assert.equal(connection.hello.driverVersion, '2.3.4');
    const [hello] = bench.binding.driver.seen;
    assert.deepEqual([hello?.message, hello?.room, hello?.bytes.length], ['HELLO', 72, 24]);
    assert.deepEqual([...(hello?.bytes.subarray(16, 20) ?? [])], [1, 0, 1, 0]);
    assert.equal(bench.binding.closed, 0);
    connection.close();
    assert.equal(bench.binding.closed, 1);
  });

  test('a device that does not open is told with its Win32 error', () => {
    bench.binding.openError = 2;
    assert.equal(refused('ERR_TRUSTLET_BACKEND', /not there.*trustlet driver start/).win32, 2);
    bench.binding.openError = 5;
    assert.equal(refused('ERR_TRUSTLET_BACKEND', /denied.*Run elevated/).win32, 5);
    bench.binding.openError = 1450;
    refused('ERR_TRUSTLET_BACKEND', /could not be opened \(Win32 error 1450\)/);
  });
});

describe('versions', () => {
  const speaking = (min: number, max: number): Wire =>
    ({ ...wire, versionMin: min, versionMax: max }) as unknown as Wire;

  test('of several common versions the newest is spoken', () => {
    Object.assign(bench.binding.driver, { minVersion: 1, maxVersion: 2 });
    assert.equal(connect(speaking(1, 3)).codec.version, 2);
    Object.assign(bench.binding.driver, { minVersion: 1, maxVersion: 9 });
    assert.equal(connect(speaking(1, 3)).codec.version, 3);
    assert.equal(connect().codec.version, 1);
  });

  test('a driver that is too old, or too new, is refused with what to update', () => {
    refused(
      'ERR_TRUSTLET_BACKEND',
      /too old.*versions 1 to 1 .*this package 2 to 3.*update the driver/,
      speaking(2, 3),
    );
    Object.assign(bench.binding.driver, { minVersion: 4, maxVersion: 6 });
    refused('ERR_TRUSTLET_BACKEND', /too new.*versions 4 to 6 .*this package 1 to 1.*update this package/);
  });

  test('a driver that chose another version than the newest common one is not believed', () => {
    Object.assign(bench.binding.driver, { minVersion: 1, maxVersion: 3 });
    bench.binding.driver.lies.set('HELLO', (reply) => bent(reply, 16, 2, 2));
    refused('ERR_TRUSTLET_PROTOCOL', /chose version 2, where 3 is the newest that both speak/, speaking(1, 3));
    bench.binding.driver.lies.set('HELLO', (reply) => bent(reply, 16, 2, 0));
    refused('ERR_TRUSTLET_PROTOCOL', /chose version 0, where 3 is/, speaking(1, 3));
  });

  test('a package that knows longer structures talks to the driver of today', () => {
    const connection = connect(futureWire() as unknown as Wire);
    assert.equal(connection.codec.version, 1);
  });
});

describe('what a driver must be able to do', () => {
  test('without one of the requests that the package needs it is refused by name', () => {
    const needed = { 1: 'QUERY', 2: 'CENSUS', 4: 'EXAMINE', 8: 'GUARD' };
    for (const [bit, name] of Object.entries(needed)) {
      bench.binding.driver.capabilities = 0x11f & ~Number(bit);
      refused('ERR_TRUSTLET_BACKEND', new RegExp(`driver 2\\.3\\.4 .* does not know the request ${name}, which`));
    }
  });

  test('STATS and start keys it need not have', () => {
    bench.binding.driver.capabilities = 0xf;
    assert.equal(connect().hello.capabilities.stats, false);
  });

  test('a driver that takes no pids lies', () => {
    bench.binding.driver.maxPids = 0;
    refused('ERR_TRUSTLET_PROTOCOL', /a QUERY takes no pids at all/);
  });

  test('a HELLO that is refused, malformed, or longer than there was room for leaves nothing open', () => {
    bench.binding.driver.failing.set('HELLO', 0xc0000010);
    refused('ERR_TRUSTLET_BACKEND', /does not understand this package’s HELLO/);
    bench.binding.driver.failing.clear();
    bench.binding.driver.lies.set('HELLO', (reply) => reply.subarray(0, 71));
    refused('ERR_TRUSTLET_PROTOCOL', /HELLO/);
    bench.binding.driver.lies.set('HELLO', () => 73);
    refused('ERR_TRUSTLET_PROTOCOL', /is said to have 73 bytes; there was room for 72/);
    bench.binding.driver.lies.set('HELLO', () => 0);
    refused('ERR_TRUSTLET_PROTOCOL', /has 0 bytes/);
  });
});

describe('requests', () => {
  test('a reply is the bytes that were written, and no more', () => {
    const connection = connect();
    const output = new Uint8Array(200);
    const request = connection.codec.encodeQuery([100]);
    const reply = connection.exchange('QUERY', request, output);
    assert.equal(reply.length, 80);
    assert.equal(reply.buffer, output.buffer);
    assert.equal(connection.exchange('QUERY', request, output.subarray(0, 80)).length, 80);
  });

  test('too small a buffer is null where that may be asked, and an error elsewhere', () => {
    const connection = connect();
    bench.binding.driver.failing.set('CENSUS', 0xc0000023);
    const request = connection.codec.encodeCensus(null);
    assert.equal(connection.exchangeIfRoom('CENSUS', request, new Uint8Array(48)), null);
    assert.throws(() => connection.exchange('CENSUS', request, new Uint8Array(48)), {
      code: 'ERR_TRUSTLET_BACKEND',
      ntstatus: 0xc0000023,
    });
    bench.binding.driver.failing.set('CENSUS', 0xc000009a);
    assert.throws(() => connection.exchangeIfRoom('CENSUS', request, new Uint8Array(48)), {
      code: 'ERR_TRUSTLET_BACKEND',
      ntstatus: 0xc000009a,
    });
  });

  test('HELLO may be said again, and the driver be another by then', () => {
    const connection = connect();
    assert.equal(connection.sayHello().system.build, 26100);
    bench.binding.driver.minVersion = 2;
    bench.binding.driver.maxVersion = 2;
    assert.throws(() => connection.sayHello(), { code: 'ERR_TRUSTLET_BACKEND' });
    bench.binding.driver.failing.set('HELLO', 0xc000009d);
    assert.throws(() => connection.sayHello(), { code: 'ERR_TRUSTLET_BACKEND', ntstatus: 0xc000009d });
    assert.equal(bench.binding.closed, 0, 'who opened it closes it');
  });
});
