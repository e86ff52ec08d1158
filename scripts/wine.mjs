// npm run wine -- [--node=20|22] <node arguments>
// Runs the real Windows node.exe in a throw-away Wine prefix, beside the started driver if build/driver/trustlet.sys was
// built (`npm run build:driver`); node's exit code is this program's, or 70 for a driver that fails.

import { existsSync } from 'node:fs';
import { inBuild } from './lib/paths.mjs';
import { runNode, runNodeIn } from './lib/wine.mjs';
import { DRIVER_FAILED, DriverError, withDriver } from './lib/wine-driver.mjs';
import { setUp } from './setup.mjs';

/** @returns {Promise<import('./lib/run.mjs').RunResult>} */
function runBesideDriver(sys, options) {
  console.error('beside the driver trustlet.sys (Wine)');
  return withDriver({ sys, service: 'trustlet', use: (prefix) => runNodeIn(prefix, options) });
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
