import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { NativeDevice, NativeRequest } from '../../lib/native/binding.js';
import { binding, boot, codec, collectUntil, hello, LSAISO, longRequest, open, shutdown } from './host.js';

const { host } = binding;

before(boot);
after(shutdown);

const HELLO = codec.code('HELLO');
const request = codec.encodeHello();

describe('what nobody has any more', () => {
  test('a device closes itself, once for each', async () => {
    for (let count = 0; count < 100; count += 1) open();
    assert.equal(host.openDevices(), 100);
    await collectUntil(() => host.openDevices() === 0);
  });

  test('a closed device is collected without closing again', async () => {
    const collected: string[] = [];
    const registry = new FinalizationRegistry<string>((name) => collected.push(name));
    (() => {
      const device = open();
      registry.register(device, 'device');
      device.close();
    })();
    const kept = open();
    await collectUntil(() => collected.length === 1);
    assert.equal(host.openDevices(), 1);
    kept.close();
  });

  test('its ioctl function alone keeps a device open', async () => {
    const collected: string[] = [];
    const registry = new FinalizationRegistry<string>((name) => collected.push(name));
    const holder: { ioctl: NativeDevice['ioctl'] | undefined } = { ioctl: undefined };
    (() => {
      const device = open();
      registry.register(device, 'device');
      holder.ioctl = device.ioctl;
    })();
    await collectUntil(() => collected.length === 1);
    assert.equal(host.openDevices(), 1);
    assert.equal(holder.ioctl?.(HELLO, request, new Uint8Array(72)), 72);
    holder.ioctl = undefined;
    await collectUntil(() => host.openDevices() === 0);
  });

  test('a request in flight keeps its device, and its output is written although nobody keeps that', async () => {
    const { code, input, output } = longRequest();
    const results = (() => {
      const device = open();
      return Array.from({ length: 8 }, () => device.ioctlAsync(code, input, output()).result);
    })();
    globalThis.gc?.();
    assert.deepEqual([...new Set(await Promise.all(results))], [output().length]);
    results.length = 0;
    await collectUntil(() => host.openDevices() === 0);
  });

  test('a request that has settled keeps its device from nothing', async () => {
    const kept: NativeRequest[] = [];
    await (async () => {
      const device = open();
      const asked = device.ioctlAsync(HELLO, request, new Uint8Array(72));
      await asked.result;
      kept.push(asked);
    })();
    await collectUntil(() => host.openDevices() === 0);
    kept[0]?.cancel();
  });

  test('requests and outputs are collected', async () => {
    let collected = 0;
    const registry = new FinalizationRegistry<null>(() => {
      collected += 1;
    });
    const device = open();
    await (async () => {
      const asked = Array.from({ length: 100 }, () => {
        const output = new Uint8Array(72);
        const started = device.ioctlAsync(HELLO, request, output);
        registry.register(started, null);
        registry.register(output, null);
        return started.result;
      });
      await Promise.all(asked);
    })();
    await collectUntil(() => collected === 200);
    device.close();
  });
});

describe('over many rounds', () => {
  const rounds = Number(process.env['TRUSTLET_ROUNDS'] ?? 1000);
  const thousands = (count: number): string => count.toLocaleString('en-US');
  /** Files of this process, by Linux. */
  const files = (): number => readdirSync('/proc/self/fd').length;

  const settle = async (): Promise<number> => {
    for (let count = 0; count < 5; count += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return process.memoryUsage.rss();
  };

  /** Memory after a number of rounds and after as many more: what the first ones needed, the others use again. */
  const grows = async (t: TestContext, what: string, count: number, round: () => void): Promise<void> => {
    const rounds = async (): Promise<number> => {
      for (let done = 1; done <= count; done += 1) {
        round();
        if (done % 1000 === 0) await settle();
      }
      return settle();
    };
    const before = await rounds();
    const [handlesBefore, filesBefore] = [host.openDevices() + host.openHandles(), files()];
    const more = (await rounds()) - before;
    const kib = Math.round(more / 1024);
    const handles = host.openDevices() + host.openHandles() - handlesBefore;
    t.diagnostic(
      `${thousands(count)} ${what} after as many before: ${kib} KiB more resident, ${handles} handles more, ${files() - filesBefore} files more`,
    );
    assert.ok(more < 32 * 1024 * 1024, `${kib} KiB more after ${count} rounds`);
    assert.equal(handles, 0);
    assert.equal(files(), filesBefore);
  };

  test('open, ask and close leave no handle and little memory', async (t) => {
    await grows(t, 'times open, HELLO and close', rounds, () => {
      const device = open();
      assert.equal(hello(device), 72);
      device.close();
    });
    assert.equal(host.openDevices(), 0);
  });

  test('queries leave no memory', async (t) => {
    const device = open();
    const code = codec.code('QUERY');
    const input = codec.encodeQuery([LSAISO]);
    const output = new Uint8Array(80);
    await grows(t, 'queries', rounds * 10, () => assert.equal(device.ioctl(code, input, output), 80));
    device.close();
  });
});
