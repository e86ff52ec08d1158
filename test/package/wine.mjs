// The same package with the real node.exe in Wine, through its prebuilt addon, beside the driver. Wine's kernel cannot tell what any
// process is, so that trustlet.sys must answer unknown; trustlet-sim.sys has scripted answers for a few processes.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildDriver } from '../../scripts/build-driver.mjs';
import { manifest, PREBUILT } from '../../scripts/lib/package-tarball.mjs';
import { openPrefix, retryHungStart, runNodeIn, toWindowsPath } from '../../scripts/lib/wine.mjs';
import { buildDriverTool } from '../../scripts/lib/wine-client.mjs';
import { DEVICES, withDriver } from '../../scripts/lib/wine-driver.mjs';
import { parseProcess, startScripted } from '../../scripts/lib/wine-scripted.mjs';

const NODES = ['22', '20'];
/** Of this package alone: nothing of the harness's own node_modules, and no build but the one in it. */
const ALONE = { NODE_PATH: '', PREBUILDS_ONLY: '1' };
const COPIES = ['node_modules/trustlet', 'node_modules/agent/node_modules/trustlet'];

const jsonOf = ({ exitCode, stdout, stderr }) => {
  assert.equal(exitCode, 0, stdout + stderr);
  return JSON.parse(stdout.trim().split(/\r?\n/).at(-1));
};

async function inPrefix(use) {
  return retryHungStart(async () => {
    const prefix = await openPrefix();
    try {
      return await use(prefix);
    } finally {
      prefix.close();
    }
  });
}

/**
 * @param {object} given
 * @param {(title: string, job: () => unknown) => Promise<void>} given.check
 * @param {import('./project.mjs').Project} given.windows with the package installed for Windows
 */
export async function wineChecks({ check, windows: { folder } }) {
  const built = await buildDriver();
  const tool = await buildDriverTool();
  const { version } = manifest();
  const addonOf = (copy) => toWindowsPath(join(folder, copy, PREBUILT));
  cpSync(join(folder, COPIES[0]), join(folder, COPIES[1]), { recursive: true });

  /** One program of the project. */
  const run = async (prefix, node, program, args, env = ALONE) =>
    jsonOf(await runNodeIn(prefix, { node, args: [toWindowsPath(join(folder, program)), ...args], env, timeout: 120 }));

  /** What each copy must have seen. */
  const expected = (copies, each) => ({
    seen: copies.map(() => ({ backend: 'driver', version, fallback: null, crowd: true, ...each })),
    after: copies.slice(1).map(() => each.itself),
    errors: copies.length,
    loaded: copies.map(addonOf),
  });

  for (const [service, sys] of [
    ['trustlet', built.driver],
    ['trustlet-sim', built.sim],
  ]) {
    const sim = service === 'trustlet-sim';
    await check(`${service}.sys starts and ends in Wine beside the package`, () =>
      withDriver({
        sys,
        service,
        use: async (prefix) => {
          const specs = ['LsaIso.exe,secure', 'notepad.exe'].map(parseProcess);
          const pids = sim ? await startScripted(prefix, specs, tool) : new Map();
          const [trustlet, ordinary] = ['LsaIso.exe', 'notepad.exe'].map((name) => pids.get(name) ?? '0');
          const each = {
            itself: 'unknown',
            trustlet: sim ? 'ERR_TRUSTLET_REFUSED secure' : null,
            ordinary: sim ? 'reached' : null,
            own: 'ERR_TRUSTLET_REFUSED unknown',
          };
          for (const node of NODES)
            for (const copies of [COPIES.slice(0, 1), COPIES])
              await check(
                `node.exe ${node}, ${service}.sys, ${copies.length === 1 ? 'the prebuilt addon' : 'two copies of the package'}`,
                async () => {
                  const args = [DEVICES[service], trustlet, ordinary, ...copies];
                  assert.deepEqual(await run(prefix, node, 'driver.mjs', args), expected(copies, each));
                },
              );
        },
      }),
    );
  }
  rmSync(join(folder, COPIES[1]), { recursive: true });

  const addon = join(folder, COPIES[0], PREBUILT);
  const aside = `${addon}.aside`;
  const here = (path) => toWindowsPath(join(folder, COPIES[0], path));
  await check('what is wrong with the addon is told, in Wine', () =>
    inPrefix(async (prefix) => {
      const told = (env, backend = 'driver') => run(prefix, '22', 'open.mjs', [backend], env);

      await check('without a driver, open() is ntdll through the koffi that npm installed, and says why', async () => {
        const { name, fallback } = await told(ALONE, 'auto');
        assert.equal(name, 'ntdll');
        assert.match(fallback, /\\\\\.\\Trustlet/);
      });

      renameSync(addon, aside);
      await check('an absent addon: each folder that was looked into, and what to do', async () => {
        const { code, message } = await told(ALONE);
        assert.equal(code, 'ERR_TRUSTLET_BACKEND');
        const [first, ...rest] = message.split('\n');
        assert.equal(first, "trustlet's addon could not be loaded. Tried:");
        assert.equal(rest[0], `  ${here('prebuilds/win32-x64')}: no addon there`);
        assert.match(rest[1], /^ {2}Z:\\.*\\prebuilds\\win32-x64: no addon there$/);
        assert.match(
          rest[2],
          /^Reinstall the package, or build the addon with `npx node-gyp rebuild --directory native`/,
        );
        assert.equal(rest.length, 3);
        const more = (await told({ NODE_PATH: '' })).message;
        for (const place of ['Release', 'Debug'])
          assert.ok(more.includes(`  ${here(`build/${place}`)}: no addon there\n`), more);
      });
      await check('an absent addon: open() falls back to ntdll, and says why', async () => {
        const { name, fallback } = await told(ALONE, 'auto');
        assert.deepEqual([name, fallback], ['ntdll', "trustlet's addon could not be loaded."]);
      });
      writeFileSync(addon, 'MZ, and no more of it');
      await check('a broken addon: its path, and what Windows says of it', async () => {
        const { code, message } = await told(ALONE);
        assert.equal(code, 'ERR_TRUSTLET_BACKEND');
        const [, tried, advice] = message.split('\n');
        assert.ok(tried.startsWith(`  ${here(PREBUILT)}: `), message);
        assert.ok(tried.length > `  ${here(PREBUILT)}: `.length + 5, message);
        assert.match(advice, /^Reinstall/);
      });
      const own = join(folder, COPIES[0], 'build', 'Release', 'trustlet.node');
      mkdirSync(dirname(own), { recursive: true });
      writeFileSync(own, 'a build that failed');
      await check('a broken build of one’s own, and a broken prebuilt one: both are named', async () => {
        const { message } = await told({ NODE_PATH: '' });
        const tried = message.split('\n').slice(1, -1);
        assert.equal(tried.length, 2, message);
        assert.ok(tried[0].startsWith(`  ${here('build/Release/trustlet.node')}: `), message);
        assert.ok(tried[1].startsWith(`  ${here(PREBUILT)}: `), message);
      });
      rmSync(addon);
      renameSync(aside, addon);
      await check('a broken build of one’s own does not hide the prebuilt addon', async () => {
        const { message } = await told({ NODE_PATH: '' });
        assert.match(message, /\\\\\.\\Trustlet/);
        assert.doesNotMatch(message, /could not be loaded/);
      });
    }),
  );
}
