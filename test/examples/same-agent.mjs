// node same-agent.mjs <emulated|host-device|wine> <folder of the built edr-agent>: the example's agent, as its reader has it, on one
// scenario. Its last line says what it did, by label, which is the same on every backend.

import { pathToFileURL } from 'node:url';
import { buildMachine } from '../../dist/lib/testing/index.js';

const [, , hostName, folder] = process.argv;

const HOSTS = {
  emulated: async () => (await import('../../dist/test/contract/hosts/emulated.js')).emulatedHost,
  'host-device': async () => {
    const { hostDevice } = await import('../../dist/test/contract/hosts/host-device.js');
    const { buildHostAddon } = await import('../../dist/test/support/host-addon.js');
    return hostDevice(await buildHostAddon());
  },
  wine: async () => (await import('../../dist/test/contract/hosts/wine-driver.js')).wineDriverHost(),
};

const host = await HOSTS[hostName]();
const { Agent } = await import(pathToFileURL(`${folder}/dist/agent.js`).href);

const scenario = buildMachine()
  .process('browser')
  .process('editor')
  .process('antimalware', { protection: { type: 'ProtectedLight', signer: 'Antimalware' } })
  .trustlet('lsaiso', { access: 'everyone' })
  .scenario();

const machine = host.boot(scenario);
const LABELS = ['browser', 'editor', 'antimalware', 'lsaiso', 'system', 'secure-system'];
const labelOf = (pid) => LABELS.find((label) => machine.pidOf(label) === pid) ?? `pid ${pid}`;
const looks = [];
let events = [];
const agent = new Agent({
  inject: (held) => {
    if (held.handle === 0n) throw new Error('no handle');
  },
  log: ({ event, pid, verdict }) => events.push(`${event} ${labelOf(pid)}${verdict ? ` (${verdict})` : ''}`),
});
const look = () => {
  events = [];
  agent.look(machine.vsm);
  agent.reach(machine.vsm);
  looks.push(events.sort());
};
look();
look();
machine.exit('editor');
look();
const leaks = machine.openHandles();
const { reached, failed } = agent.statistics;
machine.close();
host.end?.();
console.log(JSON.stringify({ looks, reached, failed, leaks }));
