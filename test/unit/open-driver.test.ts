/** open() where the platform is Windows: the driver first, ntdll where that cannot be, and what is said of it. */
import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { boot } from '../../lib/emulator/index.js';
import { resolveScenario } from '../../lib/emulator/resolve-scenario.js';
import { TrustletError } from '../../lib/errors.js';
import type { NativeBinding } from '../../lib/native/binding.js';
import { openIn, type Surroundings } from '../../lib/open.js';
import { encodeScenarioTable } from '../../lib/testing/scenario-table.js';
import { type DriverBench, driverBench } from '../support/driver-bench.js';
import { buildNtsim, Ntsim } from '../support/ntsim.js';
import { bent } from './protocol/golden-bytes.js';

/** A library that answers as ntdll does, so that falling back works here. */
let ntdllLibrary = '';
let bench: DriverBench;

before(async () => {
  ntdllLibrary = await buildNtsim();
  new Ntsim(ntdllLibrary).load(encodeScenarioTable(resolveScenario(boot('plain').scenario)));
});
beforeEach(() => {
  bench = driverBench();
});

const windows = (over: Partial<Surroundings> = {}): Surroundings => ({
  platform: 'win32',
  environment: {},
  ntdllLibrary,
  loadBinding: () => bench.binding,
  ...over,
});

const failureOf = (surroundings: Surroundings, options: unknown): TrustletError => {
  try {
    openIn(surroundings, options);
  } catch (error) {
    assert.ok(error instanceof TrustletError, String(error));
    return error;
  }
  assert.fail('it opened');
};

const noAddon = (): NativeBinding => {
  throw new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    "trustlet's addon could not be loaded. Tried:\n  x.node: no.\nReinstall.",
  );
};

/** Each way in which a driver may be of no use. */
const TROUBLES: readonly {
  readonly name: string;
  readonly make: (bench: DriverBench) => void;
  readonly code: 'ERR_TRUSTLET_BACKEND' | 'ERR_TRUSTLET_PROTOCOL';
  /** First sentence: what happened. */
  readonly says: string;
  /** What to do about it. */
  readonly advises: RegExp;
}[] = [
  {
    name: 'absent',
    make: ({ binding }) => {
      binding.openError = 2;
    },
    code: 'ERR_TRUSTLET_BACKEND',
    says: 'The driver is not there: no device \\\\.\\Trustlet (Win32 error 2).',
    advises: /not installed or not started: run `trustlet driver start`, or `trustlet driver install` before it/,
  },
  {
    name: 'stopped between opening and asking',
    make: ({ binding }) => {
      binding.driver.failing.set('HELLO', 0xc000009d);
    },
    code: 'ERR_TRUSTLET_BACKEND',
    says: 'The driver was lost: its device \\\\.\\Trustlet answered HELLO with STATUS_DEVICE_NOT_CONNECTED.',
    advises: /stopped or removed while it was in use. Start it \(`trustlet driver start`\) and call open\(\) again/,
  },
  {
    name: 'not for this user',
    make: ({ binding }) => {
      binding.openError = 5;
    },
    code: 'ERR_TRUSTLET_BACKEND',
    says: 'The driver refuses this user: access to \\\\.\\Trustlet is denied (Win32 error 5).',
    advises: /Run elevated, or under the service account that the driver was installed for/,
  },
  {
    name: 'too old: it does not know HELLO',
    make: ({ binding }) => {
      binding.driver.failing.set('HELLO', 0xc0000010);
    },
    code: 'ERR_TRUSTLET_BACKEND',
    says: 'The driver at \\\\.\\Trustlet does not understand this package’s HELLO request: it answered STATUS_INVALID_DEVICE_REQUEST.',
    advises: /Install the driver that belongs to this version of the package/,
  },
  {
    name: 'too old: it cannot do all the package needs',
    make: ({ binding }) => {
      binding.driver.capabilities = 0x7;
    },
    code: 'ERR_TRUSTLET_BACKEND',
    says: 'The driver 2.3.4 at \\\\.\\Trustlet does not know the request GUARD, which this package needs.',
    advises: /Install the driver that belongs to this version of the package/,
  },
  {
    name: 'too new',
    make: ({ binding }) => {
      Object.assign(binding.driver, { minVersion: 7, maxVersion: 8 });
    },
    code: 'ERR_TRUSTLET_BACKEND',
    says: 'The driver 2.3.4 at \\\\.\\Trustlet is too new for this package: it speaks versions 7 to 8 of the protocol, and this package 1 to 1.',
    advises: /update this package \(`npm install trustlet@latest`\), or install the driver that belongs to it/,
  },
  {
    name: 'malformed',
    make: ({ binding }) => {
      binding.driver.lies.set('HELLO', (reply) => bent(reply, 6, 2, 2));
    },
    code: 'ERR_TRUSTLET_PROTOCOL',
    says: 'The driver’s HELLO reply says at byte 6 that it is of message 2, not 1.',
    advises: /Nothing of it is believed.*Check that the driver is the one of this package/,
  },
];

describe('open on Windows', () => {
  for (const options of [
    {},
    { backend: 'auto' },
    { backend: 'driver' },
    { only: ['driver'] },
    { only: ['ntdll', 'driver'] },
  ]) {
    test(`${JSON.stringify(options)}: the driver, where there is one`, () => {
      const vsm = openIn(windows(), options);
      assert.equal(vsm.backend.name, 'driver');
      assert.equal(vsm.backend.fallback, null);
      assert.equal(vsm.backend.simulated, false);
      assert.equal(vsm.backend.driver?.version, '2.3.4');
      assert.equal(vsm.isSecureProcess(104), true);
      assert.equal(vsm.machine, undefined);
      vsm.close();
      assert.equal(bench.binding.closed, 1);
    });
  }

  test('the environment may name the driver, and it then never falls back', () => {
    const surroundings = windows({ environment: { TRUSTLET_BACKEND: 'driver' } });
    assert.equal(openIn(surroundings, {}).backend.name, 'driver');
    bench.binding.openError = 2;
    assert.equal(failureOf(surroundings, {}).win32, 2);
  });

  test('ntdll by name, or as the only one accepted, leaves the driver alone', () => {
    for (const options of [{ backend: 'ntdll' }, { only: ['ntdll'] }]) {
      using vsm = openIn(windows({ loadBinding: () => assert.fail('the addon was loaded') }), options);
      assert.equal(vsm.backend.name, 'ntdll');
      assert.equal(vsm.backend.fallback, null);
      assert.equal(vsm.backend.driver, null);
    }
    assert.equal(
      failureOf(windows({ ntdllLibrary: 'no-such-library' }), { only: ['ntdll'] }).code,
      'ERR_TRUSTLET_BACKEND',
    );
  });

  for (const { name, make, code, says, advises } of TROUBLES) {
    test(`a driver that is ${name}: ntdll instead, and one sentence says why`, () => {
      make(bench);
      using vsm = openIn(windows(), {});
      assert.equal(vsm.backend.name, 'ntdll');
      assert.equal(vsm.backend.driver, null);
      assert.equal(vsm.backend.fallback, says);
    });

    test(`a driver that is ${name}: where only it is accepted, an error says what to do`, () => {
      make(bench);
      for (const options of [
        { backend: 'driver' },
        { only: ['driver'] },
        { backend: 'driver', only: ['driver', 'ntdll'] },
      ]) {
        const error = failureOf(windows(), options);
        assert.equal(error.code, code);
        assert.ok(error.message.startsWith(says), error.message);
        assert.match(error.message, advises);
      }
      assert.equal(bench.binding.closed, bench.binding.openError === 0 ? 3 : 0, 'a device was left open');
    });

    test(`a driver that is ${name}, and no ntdll either: one error tells both`, () => {
      make(bench);
      const error = failureOf(windows({ ntdllLibrary: 'no-such-library' }), {});
      assert.equal(error.code, 'ERR_TRUSTLET_BACKEND');
      assert.match(error.message, /no-such-library.* Nor could the driver be used, which comes first: /);
      assert.ok(error.message.includes(says), error.message);
      assert.match(error.message, advises);
      assert.ok(error.cause instanceof AggregateError);
      assert.deepEqual(
        error.cause.errors.map((each: TrustletError) => each.code),
        [code, 'ERR_TRUSTLET_BACKEND'],
      );
    });
  }

  test('an addon that cannot be loaded falls back as well', () => {
    using vsm = openIn(windows({ loadBinding: noAddon }), {});
    assert.equal(vsm.backend.name, 'ntdll');
    assert.equal(vsm.backend.fallback, "trustlet's addon could not be loaded.");
    assert.match(failureOf(windows({ loadBinding: noAddon }), { only: ['driver'] }).message, /Tried:\n {2}x\.node: no/);
  });

  test('what is no failure of the driver’s is not taken for one', () => {
    const broken = (): NativeBinding => {
      throw new RangeError('a mistake in the program');
    };
    assert.throws(() => openIn(windows({ loadBinding: broken }), {}), RangeError);
  });
});

test('off Windows the driver is as unsupported as ntdll, and nothing is loaded', () => {
  const linux = windows({ platform: 'linux', loadBinding: () => assert.fail('the addon was loaded') });
  for (const options of [{}, { backend: 'driver' }, { only: ['driver'] }]) {
    const { code, message } = failureOf(linux, options);
    assert.equal(code, 'ERR_TRUSTLET_UNSUPPORTED');
    assert.match(message, /the driver.* backend needs Windows/);
  }
  assert.equal(
    failureOf({ ...linux, environment: { TRUSTLET_BACKEND: 'driver' } }, {}).code,
    'ERR_TRUSTLET_UNSUPPORTED',
  );
});
