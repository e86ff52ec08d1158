import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Backend, CensusRecords } from '../../../lib/backend.js';
import { type DriverBench, driverBench } from '../../support/driver-bench.js';
import { bent } from '../protocol/golden-bytes.js';

let bench: DriverBench;
let backend: Backend;

beforeEach(() => {
  bench = driverBench();
  backend = bench.open();
});

const pidsOf = (census: CensusRecords): number[] =>
  Array.from({ length: census.length }, (_, index) => census.pid(index));

/** Rooms in which the census was asked for since `from`. */
const rooms = (from: number): number[] =>
  bench.binding.driver.seen.slice(from).map(({ message, room }) => {
    assert.equal(message, 'CENSUS');
    return room;
  });

const addMany = (count: number, name: string): void => {
  for (let index = 0; index < count; index += 1) {
    bench.source.addProcess(1000 + index * 4, { createTime: BigInt(10_000 + index), name });
  }
};

describe('a census of the driver', () => {
  test('what fits is one request of 64 KiB', () => {
    const census = backend.census();
    assert.deepEqual(pidsOf(census), [100, 104, 108]);
    assert.deepEqual(census.record(1), bench.source.query(104));
    assert.equal(census.record(1).name, 'LsaIso.exe');
    assert.deepEqual(rooms(1), [0x10000]);
  });

  test('a machine without processes has an empty census', () => {
    bench.source.processes.clear();
    assert.equal(backend.census().length, 0);
  });

  test('records are decoded when they are read, and no later request changes them', () => {
    const census = backend.census();
    bench.source.addProcess(104, { flags: 0, createTime: 2000n });
    backend.census();
    backend.query(100);
    assert.equal(census.record(1).flags, 0x80);
    assert.notEqual(census.record(1), census.record(1), 'each is made when it is asked for');
  });

  test('what does not fit is asked for anew, as one moment, with room for all', () => {
    addMany(2000, 'notepad.exe');
    const census = backend.census();
    assert.equal(census.length, 2003);
    assert.equal(new Set(pidsOf(census)).size, 2003);
    // 2,003 of 64 bytes and 48 for a name, and 16 KiB for what starts meanwhile.
    assert.deepEqual(rooms(1), [0x10000, 2003 * 112 + 0x4000]);
  });

  test('the next census starts with the room that this one needed, and gives back what has become too much', () => {
    addMany(2000, 'notepad.exe');
    backend.census();
    const from = bench.binding.driver.seen.length;
    backend.census();
    const [needed = 0, ...more] = rooms(from);
    assert.deepEqual(more, []);
    assert.ok(needed > 2003 * 86 && needed < 2003 * 112 + 0x4000, `${needed}`);
    for (let index = 0; index < 2000; index += 1) bench.source.processes.delete(1000 + index * 4);
    backend.census();
    const back = bench.binding.driver.seen.length;
    backend.census();
    assert.deepEqual(rooms(back), [0x10000]);
  });

  test('names longer than usual cost more requests, never a process', () => {
    addMany(2000, 'x'.repeat(200));
    assert.equal(backend.census().length, 2003);
    const asked = rooms(1);
    assert.deepEqual(asked, [0x10000, 2003 * 112 + 0x4000, 2 * (2003 * 112 + 0x4000), 4 * (2003 * 112 + 0x4000)]);
  });

  test('a record that does not fit doubles the room', () => {
    bench.source.processes.clear();
    bench.source.addProcess(4, { name: 'y'.repeat(0x7fff) });
    bench.source.addProcess(8, { name: 'z'.repeat(0x7fff) });
    const census = backend.census();
    assert.deepEqual([census.record(0).name?.length, census.record(1).name?.length], [0x7fff, 0x7fff]);
    assert.ok(rooms(1).every((room, index, all) => index === 0 || room >= 2 * (all[index - 1] ?? 0)));
  });

  test('a driver that says that nothing ever fits is not asked for ever', () => {
    bench.binding.driver.failing.set('CENSUS', 0xc0000023);
    assert.throws(() => backend.census(), { code: 'ERR_TRUSTLET_BACKEND', ntstatus: 0xc0000023 });
    assert.deepEqual(rooms(1), [0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0x200000, 0x400000, 0x800000, 0x1000000]);
  });

  test('a census that fails throws, and the next one asks anew', () => {
    bench.binding.driver.failing.set('CENSUS', 0xc000009d);
    assert.throws(() => backend.census(), { code: 'ERR_TRUSTLET_BACKEND', ntstatus: 0xc000009d });
    bench.binding.driver.failing.clear();
    assert.equal(backend.census().length, 3);
  });
});

describe('a census in parts', () => {
  test('is taken on from the cursor, after three attempts to have it in one', () => {
    addMany(7, 'notepad.exe');
    bench.binding.driver.censusLimit = 4;
    const census = backend.census();
    assert.deepEqual(pidsOf(census), [100, 104, 108, 1000, 1004, 1008, 1012, 1016, 1020, 1024]);
    assert.equal(census.record(9).createTime, 10_006n);
    assert.equal(census.record(0).pid, 100);
    assert.deepEqual(rooms(1), [0x10000, 0x20000, 0x40000, 0x80000, 0x80000, 0x80000]);
    const [, , , , second, third] = bench.binding.driver.seen.slice(1);
    const flagsOf = (bytes: Uint8Array | undefined): number => bytes?.[16] ?? -1;
    assert.deepEqual(
      [flagsOf(bench.binding.driver.seen[1]?.bytes), flagsOf(second?.bytes), flagsOf(third?.bytes)],
      [0, 1, 1],
    );
  });

  test('a pid that comes again in a later part has another process by then: the earlier one is left out', () => {
    addMany(7, 'notepad.exe');
    bench.binding.driver.censusLimit = 4;
    let parts = 0;
    bench.binding.driver.lies.set('CENSUS', (reply) => {
      parts += 1;
      // Behind the four parts that begin anew, while the census goes on, 104 ends and comes back.
      if (parts === 4) bench.source.addProcess(104, { createTime: 50_000n, name: 'second.exe' });
      return reply;
    });
    const census = backend.census();
    assert.deepEqual(pidsOf(census), [100, 108, 1000, 1004, 1008, 1012, 1016, 1020, 1024, 104]);
    assert.equal(census.record(9).name, 'second.exe');
    assert.equal(census.record(1).pid, 108);
  });

  test('what never ends is malformed', () => {
    bench.binding.driver.censusLimit = 1;
    addMany(100, 'notepad.exe');
    assert.throws(() => backend.census(), { code: 'ERR_TRUSTLET_PROTOCOL', message: /after 64 parts.*more processes/ });
    bench.source.processes.clear();
    addMany(64, 'notepad.exe');
    assert.equal(backend.census().length, 64);
  });

  test('a cursor that does not move on is malformed', () => {
    addMany(7, 'notepad.exe');
    bench.binding.driver.censusLimit = 4;
    let first: Uint8Array | undefined;
    bench.binding.driver.lies.set('CENSUS', (reply) => {
      first ??= reply;
      return first;
    });
    assert.throws(() => backend.census(), { code: 'ERR_TRUSTLET_PROTOCOL', message: /not behind where it was asked/ });
  });

  test('a part that fails throws: no census lacks its end', () => {
    addMany(7, 'notepad.exe');
    bench.binding.driver.censusLimit = 4;
    bench.binding.driver.lies.set('CENSUS', (reply) => (reply[40] === 10 && reply[44] === 2 ? -0xc000009a : reply));
    assert.throws(() => backend.census(), { code: 'ERR_TRUSTLET_BACKEND', ntstatus: 0xc000009a });
  });

  test('a driver that says there are four thousand million is given the largest room, and not more', () => {
    bench.binding.driver.lies.set('CENSUS', (reply) =>
      bent(bent(bent(reply, 40, 4, 0xffffffff), 44, 4, 0xff), 16, 4, 1),
    );
    assert.throws(() => backend.census(), { code: 'ERR_TRUSTLET_PROTOCOL' });
    assert.deepEqual(rooms(1).slice(0, 3), [0x10000, 0x1000000, 0x1000000]);
  });
});
