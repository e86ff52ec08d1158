// npm run wine -- [--node=20|22] <node arguments>
// Runs the real Windows node.exe in a throw-away Wine prefix; its exit code is this program's.

import { runNode } from './lib/wine.mjs';
import { setUp } from './setup.mjs';

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
const result = await runNode({ node, args, env, live: true, timeout: Number(process.env.WINE_TIMEOUT ?? 600) });
if (result.timedOut) console.error('ended: it ran longer than WINE_TIMEOUT allows (seconds, default 600)');
process.exitCode = result.exitCode;
