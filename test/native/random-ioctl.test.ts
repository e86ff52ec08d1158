// Requests at random from JavaScript through the addon into the driver's own C: arbitrary ones, and valid ones with something wrong.
// Simulated kernel. TRUSTLET_BUFFERS says how many, TRUSTLET_SEED which.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeDevice } from '../../lib/native/binding.js';
import type { GuardOperation } from '../../lib/types.js';
import { AGENT, binding, boot, codec, hello, LSAISO, NONE, NOTEPAD, open, Status, shutdown, tidOf } from './host.js';

const BUFFERS = Number(process.env['TRUSTLET_BUFFERS'] ?? 20_000);
const SEED = Number(process.env['TRUSTLET_SEED'] ?? 20_261_123);

const MESSAGES = ['HELLO', 'QUERY', 'CENSUS', 'EXAMINE', 'GUARD', 'STATS'] as const;
type Message = (typeof MESSAGES)[number];
const MOST_ROOM = 2048;
const CANARY = 0xee;
/** Values at which lengths and counts go wrong. */
const EDGES = [
  0, 1, 2, 7, 8, 16, 24, 64, 72, 80, 255, 4096, 4097, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff,
] as const;

/** xorshift32: the same requests for the same seed, everywhere. */
const random = (
  (state: number) =>
  (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  }
)(SEED | 1);
const oneOf = <T>(values: readonly [T, ...T[]] | readonly T[]): T => values[random(values.length)] as T;
const chance = (percent: number): boolean => random(100) < percent;
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));

/** Handles for EXAMINE and GUARD; the last are none. */
const handles: bigint[] = [];
const OPERATIONS: readonly GuardOperation[] = ['queue-apc', 'create-thread', 'write', 'suspend', 'terminate'];

const target = (): Parameters<typeof codec.encodeExamine>[0] => ({
  handle: oneOf(handles),
  kind: oneOf(['process', 'thread']),
  expectedAccess: oneOf([0, 0x1000, 0x800, 0x1fffff]),
  expectedPid: oneOf([null, LSAISO, NOTEPAD, 4]),
  expectedCreateTime: null,
  expectedStartKey: null,
});

const VALID: Readonly<Record<Message, () => Uint8Array>> = {
  HELLO: () => codec.encodeHello(),
  QUERY: () =>
    codec.encodeQuery(Array.from({ length: 1 + random(6) }, () => oneOf([4, AGENT, LSAISO, NOTEPAD, random(9000)]))),
  CENSUS: () =>
    codec.encodeCensus(chance(50) ? null : { pid: oneOf([4, LSAISO, random(9000)]), sequence: 1n, createTime: 0n }),
  EXAMINE: () => codec.encodeExamine(target()),
  GUARD: () => codec.encodeGuard({ ...target(), operations: [oneOf(OPERATIONS)], accepted: [] }),
  STATS: () => codec.encodeStats(),
};

const mutate = (request: Uint8Array): Uint8Array => {
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
  switch (random(6)) {
    case 0:
      return request.subarray(0, random(request.length));
    case 1: {
      const longer = new Uint8Array(request.length + 1 + random(32));
      longer.set(request);
      return longer;
    }
    case 2:
      view.setUint16(random(request.length >> 1) * 2, random(0x10000), true);
      return request;
    case 3:
      view.setUint32(random(request.length >> 2) * 4, oneOf(EDGES), true);
      return request;
    default:
      view.setUint8(random(request.length), random(256));
      return request;
  }
};

interface Sent {
  readonly message: Message;
  readonly code: number;
  readonly input: Uint8Array;
  readonly room: number;
}

const make = (): Sent => {
  const message = oneOf(MESSAGES);
  const known = codec.code(message);
  const room = chance(70) ? 64 + random(1000) : oneOf([0, 1, 15, 16, 71, 72, 79, 80, MOST_ROOM]);
  switch (random(10)) {
    case 0:
      return { message, code: random(0x10000) * 0x10000 + random(0x10000), input: bytes(random(256)), room };
    case 1:
      return { message, code: (known ^ (1 << random(32))) >>> 0, input: VALID[message](), room };
    case 2:
      return { message, code: known, input: bytes(random(128)), room };
    case 3:
    case 4:
    case 5: {
      // Not the codec's own memory: a mutation stays in its request.
      let input = Uint8Array.from(VALID[message]());
      for (let count = 1 + random(3); count > 0 && input.length >= 4; count -= 1)
        input = Uint8Array.from(mutate(input));
      return { message, code: known, input, room };
    }
    default:
      return { message, code: known, input: VALID[message](), room };
  }
};

const thousands = (count: number): string => count.toLocaleString('en-US');

test(`${thousands(BUFFERS)} requests at random are answered or refused, and the driver goes on`, async (t) => {
  boot();
  const cell = new BigUint64Array(1);
  const keep = (status: number): void => {
    assert.equal(status, 0);
    handles.push(cell[0] ?? 0n);
  };
  keep(binding.openProcess(AGENT, 0x1000, cell));
  keep(binding.openProcess(NOTEPAD, 0x1000, cell));
  keep(binding.openThread(tidOf(NOTEPAD), 0x800, cell));
  const opened = handles.length;
  handles.push(-1n & 0xffff_ffff_ffff_ffffn, 0x1234n, 0n);

  const accepted = new Map<Message, number>();
  let refused = 0;
  const memory = new Uint8Array(MOST_ROOM + 16);
  const judge = ({ message, code, room }: Sent, result: number, output: Uint8Array): void => {
    if (result < 0) {
      assert.ok(-result >= 0x80000000 && -result <= 0xffffffff, String(result));
      refused += 1;
    } else {
      assert.ok(result <= room, `${result} bytes into ${room}`);
      assert.equal(code, codec.code(message), `the driver has no code 0x${code.toString(16)}`);
      accepted.set(message, (accepted.get(message) ?? 0) + 1);
    }
    const rest = output.subarray(Math.max(0, result));
    const spoilt = rest.findIndex((byte) => byte !== CANARY);
    assert.equal(spoilt, -1, `byte ${spoilt + Math.max(0, result)} of a reply of ${result} was written`);
  };

  let device: NativeDevice = open();
  const flying: Promise<void>[] = [];
  for (let count = 0; count < BUFFERS; count += 1) {
    const sent = make();
    if (count % 50 === 0) {
      const output = new Uint8Array(sent.room).fill(CANARY);
      const request = device.ioctlAsync(sent.code, sent.input, output);
      if (chance(30)) request.cancel();
      flying.push(request.result.then((result) => judge(sent, result, output)));
    } else {
      const output = memory.subarray(0, sent.room + 16).fill(CANARY);
      judge(sent, device.ioctl(sent.code, sent.input, output.subarray(0, sent.room)), output);
    }
    if (flying.length === 64) await Promise.all(flying.splice(0));
    if (count % 5000 === 4999) {
      device.close();
      device = open();
    }
  }
  await Promise.all(flying);

  assert.equal(hello(device), 72);
  assert.equal(device.ioctl(0, NONE, NONE), -Status.INVALID_DEVICE_REQUEST);
  device.close();
  for (const handle of handles.slice(0, opened)) assert.equal(binding.closeHandle(handle), 0);
  shutdown();

  const sum = [...accepted.values()].reduce((total, each) => total + each, 0);
  const each = MESSAGES.map((message) => `${message} ${thousands(accepted.get(message) ?? 0)}`).join(', ');
  t.diagnostic(
    `${thousands(BUFFERS)} random requests through the addon, seed ${SEED}: ${thousands(sum)} accepted (${each}), ${thousands(refused)} refused`,
  );
  for (const message of MESSAGES) {
    const share = (accepted.get(message) ?? 0) / BUFFERS;
    assert.ok(share > 0.02, `${message}: ${(share * 100).toFixed(1)} % accepted`);
  }
});
