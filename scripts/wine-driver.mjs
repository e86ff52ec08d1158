// npm run wine:driver -- [--sim] [--process=NAME.exe[,…]]… <client.exe> [arguments]
// A driver of this repository, installed and started in a throw-away Wine prefix, a client of yours beside it, and everything
// removed again. The client's exit code is this program's, or 70 for a driver that fails.

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDriver } from './build-driver.mjs';
import { buildDriverTool } from './lib/wine-client.mjs';
import { DEVICES, DRIVER_FAILED, DriverError, withDriver } from './lib/wine-driver.mjs';
import { parseProcess, startScripted, WrongUse } from './lib/wine-scripted.mjs';
import { setUp } from './setup.mjs';

const HELP = `usage: npm run wine:driver -- [--sim] [--process=SPEC]… <client.exe> [arguments]

Builds the driver where needed, installs and starts it in a throw-away Wine prefix, runs the client, and removes everything.
The client's exit code is this program's; 70: the driver itself failed; 2: wrong use. WINE_TIMEOUT: seconds for the client, 600.

Without --sim: trustlet.sys, at \\\\.\\Trustlet. Wine answers no extended query and resolves no client's handle, so every
verdict is unknown and every guard refuses.

With --sim: the test build trustlet-sim.sys, at \\\\.\\TrustletSim, whose kernel answers are scripted. Real processes that do
nothing are started first; --process replaces this default set:
  --process=LsaIso.exe,secure           a trustlet
  --process=lsass.exe,protection=0x41   protected (PPL, Lsa), and ordinary
  --process=notepad.exe                 ordinary
A SPEC is a program's name and any of: secure, exiting, flags=N (the whole Flags word), protection=N (PS_PROTECTION),
status=N (NTSTATUS of a query that fails). Every other process is unknown, as Wine has it.
{LsaIso.exe} in the client's arguments becomes that process's pid, and {device} the device's path.

What a client sees here shows the driver's own C and its plumbing. It shows nothing of Windows.`;

const DEFAULT = ['LsaIso.exe,secure', 'lsass.exe,protection=0x41', 'notepad.exe'];

/** @param {{ sim: boolean, processes: { name: string, data: string }[], client: string, args: string[] }} order */
async function main({ sim, processes, client, args }) {
  const tools = await setUp({ want: ['wine', 'mingw'], log: console.error });
  if (!tools.has('wine') || !tools.has('mingw')) throw new Error(tools.explain(['wine', 'mingw']).join('\n'));
  const built = await buildDriver();
  const tool = await buildDriverTool();
  const service = sim ? 'trustlet-sim' : 'trustlet';
  console.error(`beside ${service}.sys (Wine${sim ? ', scripted answers' : ''})`);
  return withDriver({
    sys: sim ? built.sim : built.driver,
    service,
    use: async (prefix) => {
      const pids = sim ? await startScripted(prefix, processes, tool) : new Map();
      for (const [name, pid] of pids) console.error(`  ${pid.padStart(5)}  ${name}`);
      pids.set('device', DEVICES[service]);
      const filled = args.map((argument) =>
        argument.replaceAll(/\{([\w.-]+)\}/g, (all, name) => pids.get(name) ?? all),
      );
      return prefix.wine([client, ...filled], { live: true, timeout: Number(process.env.WINE_TIMEOUT ?? 600) });
    },
  });
}

/** What the command line asks for; its options end where the client begins. */
function readOrder() {
  const all = process.argv.slice(2);
  const own = all.findIndex((argument) => !argument.startsWith('--'));
  const { values } = parseArgs({
    args: own < 0 ? all : all.slice(0, own),
    options: { help: { type: 'boolean' }, sim: { type: 'boolean' }, process: { type: 'string', multiple: true } },
  });
  const [client, ...args] = own < 0 ? [] : all.slice(own);
  if (values.help) return undefined;
  if (client === undefined) throw new WrongUse('which client? It comes after the options (--process=… with its =)');
  if (values.process && !values.sim) throw new WrongUse('--process needs --sim: the production build asks Wine itself');
  const processes = (values.process ?? DEFAULT).map(parseProcess);
  // Its own programs by path, Wine's by name.
  return { sim: values.sim === true, processes, client: client.includes('/') ? resolve(client) : client, args };
}

try {
  const order = readOrder();
  if (order === undefined) console.log(HELP);
  else {
    const result = await main(order);
    if (result.timedOut) console.error('ended: it ran longer than WINE_TIMEOUT allows (seconds, default 600)');
    process.exitCode = result.exitCode;
  }
} catch (error) {
  const isUse = error instanceof WrongUse || error.code?.startsWith('ERR_PARSE_ARGS');
  console.error(isUse ? `${error.message}\nnpm run wine:driver -- --help says more` : (error.message ?? error));
  process.exitCode = isUse ? 2 : error instanceof DriverError ? DRIVER_FAILED : 1;
}
