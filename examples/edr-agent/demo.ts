/** One look at an emulated Windows 11 with Credential Guard, on any OS: `npm run demo`. */
import { open } from 'trustlet';
import { boot } from 'trustlet/emulator';
import { Agent } from './agent.js';
import { emulatedInjector } from './emulated-injector.js';
import { logLine } from './log.js';

const machine = boot('credential-guard');
using vsm = open({ backend: machine });
const agent = new Agent({
  inject: emulatedInjector(machine.win32),
  log: (entry) => console.log(logLine(entry)),
});
agent.look(vsm);
agent.reach(vsm);
console.log(JSON.stringify(agent.statistics));
