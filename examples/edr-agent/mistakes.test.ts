/** The mistakes that the README warns of, made on purpose: each test shows what the mistake costs, or who notices. */
import assert, { AssertionError } from 'node:assert/strict';
import { test } from 'node:test';
import { type Held, open, TrustletError, type Vsm } from 'trustlet';
import type { Machine, Win32Surface } from 'trustlet/emulator';
import { buildMachine, reuseAtEveryOpen } from 'trustlet/testing';

const boot = () => buildMachine().process('browser').process('helper', { user: 'SYSTEM' }).boot();
const BYTES = new Uint8Array([0x74]);

/** An injector that takes a pid and opens it, as many do. */
const injectByPid = (win32: Win32Surface, pid: number): void => {
  const handle = win32.OpenProcess(0x28, false, pid); // PROCESS_VM_OPERATION | PROCESS_VM_WRITE
  const page = win32.VirtualAllocEx(handle, 0n, 4096, 0x3000, 0x04);
  win32.WriteProcessMemory(handle, page, BYTES, BYTES.length);
  win32.CloseHandle(handle);
};

const assertCaught = (agent: (machine: Machine, vsm: Vsm) => void): void => {
  const run = (machine: Machine): void => {
    using vsm = open({ backend: machine });
    try {
      agent(machine, vsm);
    } catch (error) {
      if (!TrustletError.is(error) || error.code !== 'ERR_TRUSTLET_REFUSED') throw error;
    }
  };
  assert.throws(
    () => reuseAtEveryOpen(boot, 'browser', run),
    (error) => error instanceof AssertionError && /touched a trustlet/.test(error.message),
  );
};

test('check, then open: the kit catches it', () => {
  assertCaught((machine, vsm) => {
    const { win32 } = machine;
    const pid = machine.pidOf('browser');
    // README check-then-open
    if (vsm.guard.check(pid, 'write').decision === 'allow') injectByPid(win32, pid);
    // README end
  });
});

test('the pid outside the callback: the kit catches it', () => {
  assertCaught((machine, vsm) => {
    const { win32 } = machine;
    const pid = machine.pidOf('browser');
    // README pid-outside
    const checked = vsm.guard.run(pid, ['allocate', 'write'], (held) => held.pid);
    injectByPid(win32, checked);
    // README end
  });
});

test('a promise that is not returned: the handle is gone, and says so', async () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const pid = machine.pidOf('browser');
  const later: Promise<unknown>[] = [];
  const injectLater = (held: Held): Promise<void> => {
    const work = Promise.resolve().then(() => {
      machine.win32.VirtualAllocEx(held.handle, 0n, 4096, 0x3000, 0x04);
    });
    later.push(work.catch((error: unknown) => error));
    work.catch(() => {});
    return work;
  };
  // README not-returned
  vsm.guard.run(pid, 'allocate', (held) => {
    injectLater(held); // not returned: nobody waits for it
  });
  // README end
  const [error] = await Promise.all(later);
  assert.equal((error as { code?: unknown }).code, 'ERR_TRUSTLET_RELEASED');
  assert.deepEqual(machine.touches, []);

  await vsm.guard.run(pid, 'allocate', injectLater);
  assert.equal(machine.touches.length, 1);
});

test('the handle given to a helper process: it means nothing there', () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const helper = machine.win32As('helper');
  const send = (message: { readonly handle: string }): void => {
    assert.equal(helper.GetProcessId(BigInt(message.handle)), 0);
    assert.equal(helper.GetLastError(), 6); // ERROR_INVALID_HANDLE; on Windows the number may be another object's
  };
  const pid = machine.pidOf('browser');
  // README handle-to-helper
  vsm.guard.run(pid, 'write', (held) => send({ handle: String(held.handle) }));
  // README end
});

test('the pid given to a helper process: the kit catches it', () => {
  assertCaught((machine, vsm) => {
    const helper = machine.win32As('helper');
    const messages: number[] = [];
    const pid = machine.pidOf('browser');
    vsm.guard.run(pid, 'write', (held) => {
      messages.push(held.pid);
    });
    for (const message of messages) injectByPid(helper, message);
  });
});
