/** For Windows' node.exe, also in Wine. `EXPECT=some` where the backend can tell that a process is ordinary, else `EXPECT=none`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, TrustletError } from 'trustlet';
import { boot } from 'trustlet/emulator';
import { inject, processIdOf } from './index.js';

test('it tells whose process a handle names', () => {
  assert.equal(processIdOf(0xffff_ffff_ffff_ffffn), process.pid); // GetCurrentProcess()
});

test('what is no process handle names nobody', () => {
  for (const value of [0n, 0x7ff0n, -1n, 2n ** 64n + 4n]) assert.equal(processIdOf(value), 0);
});

test('what is no bigint is refused', () => {
  for (const value of [4, '4', undefined, null, {}]) assert.throws(() => processIdOf(value as never), TypeError);
});

test('a handle of an emulated machine names no process: the injector fails instead of acting on a real object', () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const pid = machine.pidOf('explorer');
  assert.throws(
    () => vsm.guard.run(pid, ['allocate', 'write'], inject),
    (error: Error) => error.message === `the handle of pid ${pid} names pid 0`,
  );
  assert.deepEqual(machine.touches, []);
  assert.equal(machine.openHandles(), 0);
});

test('on this machine, a handle that the guard gives names the process it says', () => {
  using vsm = open({ only: ['driver', 'ntdll'] });
  let allowed = 0;
  let refused = 0;
  for (const { pid, createTime, startKey, pseudo } of vsm.census()) {
    if (pseudo) continue;
    try {
      vsm.guard.run({ pid, createTime, startKey }, ['allocate', 'write'], inject);
      allowed += 1;
    } catch (error) {
      if (!TrustletError.is(error) || error.code !== 'ERR_TRUSTLET_REFUSED') throw error;
      refused += 1;
    }
  }
  assert.ok(allowed + refused > 0);
  if (process.env['EXPECT'] === 'none') assert.equal(allowed, 0);
  if (process.env['EXPECT'] === 'some') assert.ok(allowed > 0, 'the guard let nobody pass');
});
