import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TrustletError } from '../../../lib/errors.js';
import { type BindingSource, loadBinding, loadHostBinding } from '../../../lib/native/load-binding.js';

const require = createRequire(import.meta.url);

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'trustlet-loader-'));
  writeFileSync(join(root, 'package.json'), '{ "name": "trustlet" }');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (content: string, ...parts: string[]): string => {
  const path = join(root, ...parts);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};

/** A Windows that resolves and loads what the test says. */
const windows = (source: Partial<BindingSource> = {}): BindingSource => ({
  root,
  platform: 'win32',
  arch: 'x64',
  execPath: join(root, 'program', 'node.exe'),
  env: {},
  resolve: () => join(root, 'prebuilds', 'win32-x64', 'trustlet.node'),
  load: () => ({ abi: 1, kind: 'win32' }),
  ...source,
});

const refusal = (source: BindingSource): TrustletError => {
  try {
    loadBinding(source);
  } catch (error) {
    assert.ok(error instanceof TrustletError);
    assert.equal(error.code, 'ERR_TRUSTLET_BACKEND');
    return error;
  }
  return assert.fail('the binding was loaded');
};

describe('the addon is found', () => {
  test('where node-gyp-build says, and only that file is loaded', () => {
    const loaded: string[] = [];
    const binding = loadBinding(
      windows({
        load: (path) => {
          loaded.push(path);
          return { abi: 1, kind: 'win32' };
        },
      }),
    );
    assert.equal(binding.kind, 'win32');
    assert.deepEqual(loaded, [join(root, 'prebuilds', 'win32-x64', 'trustlet.node')]);
  });

  test('off Windows nothing is looked for', () => {
    const never = (): never => assert.fail('asked');
    for (const platform of ['linux', 'darwin']) {
      const error = refusal(windows({ platform, resolve: never, load: never }));
      assert.match(error.message, new RegExp(`needs Windows; this is ${platform}\\.`));
    }
  });

  test('the default source is this process, which is no Windows here', () => {
    assert.throws(() => loadBinding(), { code: 'ERR_TRUSTLET_BACKEND', message: /needs Windows/ });
  });
});

test('the default source, on a Windows, looks into the package that this file is of', () => {
  const own = Object.getOwnPropertyDescriptor(process, 'platform') ?? assert.fail('no platform');
  Object.defineProperty(process, 'platform', { ...own, value: 'win32' });
  try {
    // The real node-gyp-build knows better which system this is, and finds no addon for it.
    assert.throws(
      () => loadBinding(),
      (error: unknown) => {
        assert.ok(error instanceof TrustletError);
        const prebuilt = join(
          fileURLToPath(new URL('../../../..', import.meta.url)),
          'prebuilds',
          `win32-${process.arch}`,
        );
        assert.ok(error.message.includes(`  ${prebuilt}: no addon there\n`), error.message);
        return true;
      },
    );
  } finally {
    Object.defineProperty(process, 'platform', own);
  }
});

describe('a file that does not do', () => {
  test('is named with its cause, and the cause is kept', () => {
    const cause = new Error('The specified module could not be found.\r\nmore');
    const error = refusal(
      windows({
        load: () => {
          throw cause;
        },
      }),
    );
    assert.equal(
      error.message,
      `trustlet's addon could not be loaded. Tried:\n  ${join(root, 'prebuilds', 'win32-x64', 'trustlet.node')}: ` +
        'The specified module could not be found.\nReinstall the package, or build the addon with ' +
        '`npx node-gyp rebuild --directory native` in its folder (Visual Studio with C++).',
    );
    assert.equal(error.cause, cause);
  });

  test('is passed over for the prebuilt one, when it is a build left behind', () => {
    const stale = join(root, 'build', 'Release', 'trustlet.node');
    const loaded: string[] = [];
    const binding = loadBinding(
      windows({
        resolve: () => stale,
        load: (path) => {
          loaded.push(path);
          if (path === stale) throw new Error('invalid');
          return { abi: 1, kind: 'win32' };
        },
      }),
    );
    assert.equal(binding.abi, 1);
    assert.deepEqual(loaded, [stale, join(root, 'prebuilds', 'win32-x64', 'trustlet.node')]);
  });

  test('and the prebuilt one, broken too, are both named', () => {
    const error = refusal(
      windows({
        resolve: () => join(root, 'build', 'Release', 'trustlet.node'),
        load: (path) => {
          throw `broken ${path.includes('prebuilds') ? 'prebuild' : 'build'}`;
        },
      }),
    );
    assert.match(error.message, /build.Release.trustlet\.node: broken build\n.*trustlet\.node: broken prebuild\n/);
    assert.ok(error.cause instanceof AggregateError);
    assert.deepEqual(error.cause.errors, ['broken build', 'broken prebuild']);
  });

  test('of another binding ABI is refused', () => {
    const error = refusal(windows({ load: () => ({ abi: 2, kind: 'win32' }) }));
    assert.match(error.message, /trustlet\.node: it has binding ABI 2, and this package needs 1\n/);
  });

  test('that simulates the system is refused: it would blind a guard', () => {
    const error = refusal(windows({ load: () => ({ abi: 1, kind: 'host' }) }));
    assert.match(error.message, /it is a build for 'host', and 'win32' is needed\n/);
  });

  test('that is some other module is refused', () => {
    for (const other of [undefined, null, 7, {}, { abi: 1 }, { kind: 'win32' }]) {
      assert.match(refusal(windows({ load: () => other })).message, /it is no addon of trustlet's\n/);
    }
  });
});

describe('where there is no file at all', () => {
  const nothing = { resolve: require('node-gyp-build').resolve as (folder: string) => string };

  test('every folder that was looked into is listed, by the real node-gyp-build', () => {
    const { message } = refusal(windows(nothing));
    const listed = message.split('\n').slice(1, -1);
    assert.deepEqual(listed, [
      `  ${join(root, 'build', 'Release')}: no addon there`,
      `  ${join(root, 'build', 'Debug')}: no addon there`,
      `  ${join(root, 'prebuilds', 'win32-x64')}: no addon there`,
      `  ${join(root, 'program', 'prebuilds', 'win32-x64')}: no addon there`,
    ]);
  });

  test('PREBUILDS_ONLY and TRUSTLET_PREBUILD are listed as node-gyp-build takes them', () => {
    const elsewhere = join(root, 'elsewhere');
    const { message } = refusal(windows({ ...nothing, env: { PREBUILDS_ONLY: '1', TRUSTLET_PREBUILD: elsewhere } }));
    assert.deepEqual(message.split('\n').slice(1, -1), [
      `  ${join(elsewhere, 'prebuilds', 'win32-x64')}: no addon there`,
      `  ${join(root, 'program', 'prebuilds', 'win32-x64')}: no addon there`,
    ]);
  });

  test('a 32-bit node.exe is told that there is none for it, and that ntdll is not for it either', () => {
    const { message } = refusal(windows({ ...nothing, arch: 'ia32' }));
    assert.match(message, /A 32-bit node\.exe can use the driver backend only, and no addon is prebuilt for it/);
    assert.match(message, /prebuilds.win32-ia32: no addon there/);
  });

  test('another processor is told to build', () => {
    const { message } = refusal(windows({ ...nothing, arch: 'arm64' }));
    assert.match(message, /No addon is prebuilt for arm64: build it with `npx node-gyp rebuild --directory native`/);
  });
});

describe('the host build', () => {
  test('that is broken says which file it was, and why', () => {
    const path = put('this is no library', 'trustlet_host.node');
    assert.throws(
      () => loadHostBinding(path),
      (error: unknown) =>
        error instanceof TrustletError &&
        error.code === 'ERR_TRUSTLET_BACKEND' &&
        error.message.includes(`  ${path}: `) &&
        /file too short|invalid ELF header/.test(error.message) &&
        error.message.endsWith('Build it with `node scripts/build-addon.mjs`.'),
    );
  });

  test('must be one', () => {
    const path = put("module.exports = { abi: 1, kind: 'win32' };", 'trustlet_host.cjs');
    assert.throws(() => loadHostBinding(path), { message: /it is a build for 'win32', and 'host' is needed/ });
  });

  test('that is one is loaded', () => {
    const path = put("module.exports = { abi: 1, kind: 'host', host: {} };", 'trustlet_host.cjs');
    assert.equal(loadHostBinding(path).kind, 'host');
  });
});
