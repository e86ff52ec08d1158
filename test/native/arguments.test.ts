import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { binding, boot, codec, DEVICE, hello, NONE, NOTEPAD, open } from './host.js';

before(boot);
// Wild arguments may have opened handles; the driver itself must have left nothing.
after(() => assert.match(binding.host.shutdown(), /^(# the agent has \d+ handles and 0 devices open\n)?$/));

const RUNS = Number(process.env['TRUSTLET_RUNS'] ?? 300);

/** What JavaScript has, and what it should not have passed. */
const anything = fc.oneof(
  fc.anything({ withBigInt: true, withTypedArray: true, withDate: true, withSparseArray: true, withMap: true }),
  fc.constantFrom<unknown>(
    binding,
    binding.openDevice,
    Symbol('x'),
    new ArrayBuffer(8),
    new SharedArrayBuffer(8),
    new DataView(new ArrayBuffer(8)),
    new BigUint64Array(1),
    new BigUint64Array(0),
    new Uint32Array(1),
    new Uint8ClampedArray(8),
    new Uint8Array(8),
    Object.create(null),
    new Proxy({}, {}),
    Number.NaN,
    -0,
    2 ** 53,
    1n << 64n,
    -(1n << 63n),
    '\\\\.\\Trustlet\0',
  ),
);

type Callable = (...args: unknown[]) => unknown;

const attempt = (call: () => unknown): void => {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
  }
};

describe('each function of the binding', () => {
  const functions = Object.entries(binding).filter(
    (entry): entry is [string, Callable] => typeof entry[1] === 'function',
  );

  test('is one of those that the contract has', () => {
    assert.deepEqual(functions.map(([name]) => name).sort(), [
      'closeHandle',
      'currentProcessId',
      'duplicateHandle',
      'openDevice',
      'openProcess',
      'openThread',
      'querySystemInformation',
      'win32Error',
    ]);
  });

  for (const [name, call] of functions) {
    test(`${name} answers or throws, whatever it is given`, () => {
      fc.assert(
        fc.property(fc.array(anything, { maxLength: 5 }), (args) => attempt(() => call(...args))),
        { numRuns: RUNS },
      );
    });
  }

  test('says what is wrong with what', () => {
    const cell = new BigUint64Array(1);
    const device = open();
    const cases: readonly (readonly [() => unknown, new (message: string) => Error, RegExp])[] = [
      [() => binding.openProcess(-1, 0, cell), RangeError, /id must be a whole number of 32 bits$/],
      [() => binding.openProcess(2 ** 32, 0, cell), RangeError, /id must be a whole number of 32 bits$/],
      [() => binding.openThread(1.5, 0, cell), RangeError, /id must be a whole number of 32 bits$/],
      [() => binding.openThread(Number.NaN, 0, cell), RangeError, /id must be a whole number of 32 bits$/],
      [() => binding.openProcess(4, '0' as never, cell), TypeError, /access must be a number$/],
      [() => binding.openProcess(4, 0, new BigUint64Array(0)), RangeError, /handle must be at least one element long$/],
      [() => binding.openProcess(4, 0, new BigInt64Array(1) as never), TypeError, /handle must be a BigUint64Array$/],
      [() => binding.duplicateHandle(1n << 64n, 0, cell), RangeError, /source must be a bigint of 64 bits$/],
      [() => binding.closeHandle(-(1n << 63n) - 1n), RangeError, /handle must be a bigint of 64 bits$/],
      [() => binding.closeHandle(4 as never), TypeError, /handle must be a bigint$/],
      [() => binding.openDevice('a\0b'), RangeError, /path must be without NUL$/],
      [() => binding.querySystemInformation(5, NONE, new Uint32Array(0)), RangeError, /returned must be at least one/],
      [() => binding.querySystemInformation(5, NONE, new Int32Array(1) as never), TypeError, /must be a Uint32Array$/],
      [() => device.ioctl('x' as never, NONE, NONE), TypeError, /code must be a number$/],
      [() => device.ioctl(0.5, NONE, NONE), RangeError, /code must be a whole number of 32 bits$/],
      [() => device.ioctl(-1, NONE, NONE), RangeError, /code must be a whole number of 32 bits$/],
      [() => device.ioctl(2 ** 32 + 4, NONE, NONE), RangeError, /code must be a whole number of 32 bits$/],
      [() => device.ioctl(1, new Uint8ClampedArray(4) as never, NONE), TypeError, /input must be a Uint8Array/],
      [() => device.ioctl(1, NONE, new Int8Array(4) as never), TypeError, /output must be a Uint8Array/],
      [() => device.ioctlAsync(0.5, NONE, NONE), RangeError, /code must be a whole number of 32 bits$/],
      [
        () => device.ioctlAsync(1, NONE, new DataView(new ArrayBuffer(4)) as never),
        TypeError,
        /output must be a Uint8Array/,
      ],
    ];
    for (const [call, type, message] of cases) {
      assert.throws(call, (error: unknown) => error instanceof type && message.test(error.message), String(message));
    }
    device.close();
  });

  test('refuses what it is not given', () => {
    for (const [name, call] of functions) if (name !== 'currentProcessId') assert.throws(() => call(), TypeError, name);
  });
});

describe('each method of a device', () => {
  test('answers or throws, whatever it is given', async () => {
    const device = open();
    const methods = {
      ioctl: device.ioctl as Callable,
      ioctlAsync: device.ioctlAsync.bind(device) as Callable,
    };
    const settled: unknown[] = [];
    const code = fc.oneof(anything, fc.integer({ min: 0, max: 0xffffffff }));
    const bytes = fc.oneof(anything, fc.uint8Array({ maxLength: 100 }));
    fc.assert(
      fc.property(fc.constantFrom('ioctl', 'ioctlAsync'), fc.tuple(code, bytes, bytes, anything), (name, args) => {
        attempt(() => {
          const answer = methods[name](...args);
          if (typeof answer !== 'number') settled.push((answer as { result: unknown }).result);
        });
      }),
      { numRuns: RUNS * 5 },
    );
    assert.ok(settled.length > 0, 'some were good enough to be sent');
    await Promise.all(settled);
    (device.close as Callable).call(device, 7, {});
  });

  test('works on nothing but a device', () => {
    const device = open();
    const prototype = Object.getPrototypeOf(device) as Record<string, Callable>;
    const impostor = Object.create(prototype) as object;
    for (const self of [undefined, null, {}, 7, binding, impostor, new Proxy(device, {}), device.ioctlAsync]) {
      assert.throws(() => Reflect.apply(prototype['close'] ?? (() => {}), self, []), TypeError);
      assert.throws(() => Reflect.apply(prototype['ioctlAsync'] ?? (() => {}), self, [1, NONE, NONE]), TypeError);
    }
    assert.equal(hello(device), 72);
    device.close();
  });

  test('of a request works on nothing but a request', async () => {
    const device = open();
    const request = device.ioctlAsync(codec.code('HELLO'), codec.encodeHello(), new Uint8Array(72));
    const prototype = Object.getPrototypeOf(request) as Record<string, Callable>;
    for (const self of [undefined, {}, device, Object.create(prototype)])
      assert.throws(() => Reflect.apply(prototype['cancel'] ?? (() => {}), self, []), TypeError);
    assert.equal(await request.result, 72);
    device.close();
  });

  test('of one class refuses an object of the other', () => {
    const device = open();
    const request = device.ioctlAsync(0, NONE, NONE);
    const close = Object.getPrototypeOf(device).close as () => void;
    assert.throws(() => close.call(request as never), TypeError);
    device.close();
  });

  test('its classes construct nothing for JavaScript', () => {
    const device = open();
    const Class = device.constructor as unknown as new (...args: unknown[]) => object;
    assert.throws(() => new Class(), TypeError);
    assert.throws(() => new Class(device), TypeError);
    assert.throws(() => Reflect.construct(Class, [], Object), TypeError);
    assert.throws(() => (Class as unknown as Callable)(), TypeError);
    const plain = Reflect.construct(Object, [], Class) as { close: () => void };
    assert.throws(() => plain.close(), TypeError);
    device.close();
  });
});

describe('bytes of any kind', () => {
  test('reach the driver, and what it answers is a length or a status', () => {
    const device = open();
    const codes = ['HELLO', 'QUERY', 'CENSUS', 'EXAMINE', 'GUARD', 'STATS'] as const;
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...codes.map((name) => codec.code(name))), fc.integer({ min: 0, max: 0xffffffff })),
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 0, max: 400 }),
        (code, input, room) => {
          const result = device.ioctl(code, input, new Uint8Array(room));
          assert.ok(result >= 0 ? result <= room : -result >= 0x80000000 && -result <= 0xffffffff, String(result));
        },
      ),
      { numRuns: RUNS * 10 },
    );
    assert.equal(hello(device), 72);
    device.close();
  });

  test('of 4 GiB are refused, and those beyond the first 4 GiB are reached', async () => {
    const memory = new ArrayBuffer(2 ** 32 + 4096);
    const all = new Uint8Array(memory, 0, 2 ** 32);
    const device = open();
    const [code, input] = [codec.code('HELLO'), codec.encodeHello()];
    for (const [from, to] of [
      [all, NONE],
      [input, all],
    ] as const) {
      assert.throws(() => device.ioctl(code, from, to), /must be a Uint8Array of less than 4 GiB$/);
      assert.throws(() => device.ioctlAsync(code, from, to), /must be a Uint8Array of less than 4 GiB$/);
    }
    const [now, later] = [new Uint8Array(memory, 2 ** 32 + 8, 72), new Uint8Array(memory, 2 ** 32 + 808, 72)];
    assert.equal(device.ioctl(code, input, now), 72);
    assert.equal(await device.ioctlAsync(code, input, later).result, 72);
    assert.equal(now[0], 72);
    assert.deepEqual(later, now);
    device.close();
  });

  test('a cell keeps its neighbours', () => {
    const cells = new BigUint64Array([1n, 2n, 3n]);
    assert.equal(binding.openProcess(NOTEPAD, 0x1000, cells.subarray(1, 2)), 0);
    assert.equal(cells[0], 1n);
    assert.equal(cells[2], 3n);
    assert.equal(binding.closeHandle(cells[1] ?? 0n), 0);
  });

  test('a path of any text opens or does not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        attempt(() => {
          for (const path of [text, `\\\\.\\${text}`, `${DEVICE}${text}`]) {
            const device = binding.openDevice(path);
            if (typeof device !== 'number') device.close();
          }
        });
      }),
      { numRuns: RUNS },
    );
    assert.throws(() => binding.openDevice('x'.repeat(32_767)), RangeError);
  });
});
