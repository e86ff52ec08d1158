// npm run wine -- [--node=20|22] <node arguments>
// Runs the real Windows node.exe in a throw-away Wine prefix, beside the started driver if build/driver/trustlet.sys was
// built (`npm run build:driver`); node's exit code is this program's, or 70 for a driver that fails.

import { existsSync } from 'node:fs';
import { inBuild, inRoot } from './lib/paths.mjs';
import { nodeExe, runNode, toWindowsPath } from './lib/wine.mjs';
import { DriverError, withDriver } from './lib/wine-driver.mjs';
import { setUp } from './setup.mjs';

const DRIVER_FAILED = 70; // as facts/wine.md 12 has it

/**
 * node.exe beside the driver. No second attempt for a hung start, unlike runNode: the time limit ends it, and says so.
 * @returns {Promise<import('./lib/run.mjs').RunResult>}
 */
function runBesideDriver(sys, { node, args, env, ...options }) {
  console.error('beside the driver trustlet.sys (Wine)');
  const packages = toWindowsPath(inRoot('scripts', 'wine', 'node_modules')); // koffi's half for Windows, see runNode
  return withDriver({
    sys,
    service: 'trustlet',
    use: ({ wine }) => wine([nodeExe(node), ...args], { env: { NODE_PATH: packages, ...env }, ...options }),
  });
}

const args = process.argv.slice(2);
let node = '22';
const choice = /^--node=(.*)$/.exec(args[0] ?? '');
if (choice) {
  node = choice[1];
  args.shift();
}
if ((node !== '20' && node !== '22') || args.length === 0) {
  console.error(
    'usage: npm run wine -- [--node=20|22] <node arguments>\n  e.g. npm run wine -- dist/lib/cli/main.js list',
  );
  process.exit(2);
}

const tools = await setUp({ want: ['wine', 'node.exe'], log: console.error });
if (!tools.has('node.exe')) {
  for (const line of tools.explain(['wine', 'node.exe'])) console.error(line);
  process.exit(1);
}
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('TRUSTLET_')));
const options = { node, args, env, live: true, timeout: Number(process.env.WINE_TIMEOUT ?? 600) };
const sys = inBuild('driver', 'trustlet.sys');
try {
  const result = existsSync(sys) ? await runBesideDriver(sys, options) : await runNode(options);
  if (result.timedOut) console.error('ended: it ran longer than WINE_TIMEOUT allows (seconds, default 600)');
  process.exitCode = result.exitCode;
} catch (error) {
  if (!(error instanceof DriverError)) throw error;
  console.error(`the driver: ${error.message}`);
  process.exitCode = DRIVER_FAILED;
}
