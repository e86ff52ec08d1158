/** One step of a hostile VTL0, taken in a world. */
import { OPERATIONS } from '../../../lib/guard/operations.js';
import { lieAbout } from './lies.js';
import { dump, operate, readProcess } from './on-processes.js';
import { callFrom, changeBehindVtl1, lieToVtl1, pageOut, secureCall } from './on-secure-kernel.js';
import type { Step } from './steps.js';
import { NOTHING, NT_DATA, PAGE, type World } from './world.js';

const MOST_LOGONS = 5;
const SERVICE = 'cifs/server.contoso.com';

const signOn = (
  world: World,
  { logon: number, challenge, kerberos }: Extract<Step, { do: 'sign-on' }>,
): readonly Uint8Array[] => {
  const { lsa } = world.machine;
  const logon = world.logon(number);
  if (logon === undefined) return [];
  if (kerberos) {
    const { status, preAuthentication } = lsa.kerberos.preAuthenticate(logon);
    const { authenticator, ticket } = lsa.kerberos.requestService(logon, SERVICE);
    world.count(`pre-authentication ${status.toString(16)}`);
    return [preAuthentication, authenticator, ticket];
  }
  const serverChallenge = Uint8Array.from({ length: 8 }, (_, index) => (challenge >> index) & 0xff);
  const { status, response, lmResponse, sessionKey } = lsa.ntlmResponse(logon, { serverChallenge });
  world.count(`response ${status.toString(16)}`);
  return [response, lmResponse, sessionKey, lsa.ntlmV1Response(logon, serverChallenge).response];
};

/** @returns what VTL0 got by it */
const act = (world: World, step: Step): Uint8Array | readonly Uint8Array[] => {
  const { machine, kernel } = world;
  const { lsa } = machine;
  switch (step.do) {
    case 'access': {
      const address = world.address(step.at);
      if (step.kind === 'execute') return world.attempt(step.kind, kernel.execute(address));
      if (step.kind === 'read') return world.attempt(step.kind, kernel.read(address, step.length));
      return world.attempt(step.kind, kernel.write(world.harmless(address), new Uint8Array(step.length).fill(0xa5)));
    }
    case 'map':
      return world.attempt('map', kernel.mapAndRead(Number(world.address(step.at) / BigInt(PAGE)), 64));
    case 'dma': {
      const address = step.write ? world.harmless(world.address(step.at)) : world.address(step.at);
      return world.attempt('dma', kernel.dma(address, new Uint8Array(64), step.write ? 'write' : 'read'));
    }
    case 'hypercall': {
      const input = NT_DATA;
      kernel.write(
        input,
        Uint8Array.from({ length: 96 }, (_, index) => (index < 8 ? 0xff : (step.body >> (index % 13)) & 0xff)),
      );
      const result = kernel.hypercall({
        control: step.control,
        input,
        output: world.harmless(world.address(step.at)),
      });
      world.count(`hypercall ${result.kind}`);
      return NOTHING;
    }
    case 'unprotect':
      world.count(`unprotect ${kernel.calls.protect(0, [Number(world.address(step.at) / BigInt(PAGE))], step.mask)}`);
      return NOTHING;
    case 'vtl1-register': {
      if (step.write) world.count(`VTL1 register ${kernel.calls.setRegister(0, step.name, step.value, 1)}`);
      else if (kernel.calls.register(0, step.name, 1) !== null) throw new Error('VTL0 read a register of VTL1');
      return NOTHING;
    }
    case 'operation':
      return operate(world, step.trustlet, OPERATIONS[step.operation]?.operation ?? 'read');
    case 'read-process':
      return readProcess(world, step);
    case 'debug': {
      const attached = machine.win32.DebugActiveProcess(world.pid(step.trustlet));
      if (attached) machine.win32.DebugActiveProcessStop(world.pid(step.trustlet));
      world.count(`debug ${attached}`);
      return NOTHING;
    }
    case 'dump':
      return dump(world, step.trustlet);
    case 'sign-on':
      return signOn(world, step);
    case 'compare': {
      const logon = world.logon(step.logon);
      if (logon !== undefined) world.count(`compare ${lsa.compare(logon, `guess ${step.password}`).match}`);
      return NOTHING;
    }
    case 'log-on': {
      if (world.logons.length >= MOST_LOGONS) return NOTHING;
      const user = `user-${step.user}`;
      world.logons.push(lsa.logOn({ user, domain: 'CONTOSO', password: `typed by ${user}` }));
      return NOTHING;
    }
    case 'log-off': {
      // The first is the one whose hash is looked for.
      const [, ...others] = world.logons;
      const logon = others[step.logon % Math.max(1, others.length)];
      if (logon === undefined) return NOTHING;
      lsa.logOff(logon);
      world.logons.splice(world.logons.indexOf(logon), 1);
      return NOTHING;
    }
    case 'lie': {
      world.stopIntercepting();
      let left = step.messages;
      world.stopIntercepting = lsa.intercept(({ bytes }) => {
        world.hear('a message', bytes);
        left -= 1;
        return left >= 0 ? lieAbout(bytes, step.lying, world.recorded) : undefined;
      });
      return NOTHING;
    }
    case 'forge': {
      const original = world.recorded[step.message % Math.max(1, world.recorded.length)];
      if (original === undefined) return NOTHING;
      const answer = lsa.send(lieAbout(original, step.lying, world.recorded).subarray(0, PAGE));
      world.count(`forged ${answer === null ? 'unanswered' : 'answered'}`);
      return answer ?? NOTHING;
    }
    case 'corrupt-lsass': {
      const pages = machine.physicalPages('lsass');
      const page = pages[step.at % Math.max(1, pages.length)];
      if (page !== undefined)
        kernel.write(page.physicalAddress + BigInt(step.value % PAGE), Uint8Array.of(step.value & 0xff));
      return NOTHING;
    }
    case 'restart': {
      machine.exit(world.label(step.trustlet));
      world.start(world.label(step.trustlet));
      world.count('restart');
      return NOTHING;
    }
    case 'rewind': {
      if (step.keep) world.kept = { snapshot: machine.snapshot(), logons: [...world.logons] };
      else {
        machine.restore(world.kept.snapshot);
        world.logons.splice(0, world.logons.length, ...world.kept.logons);
      }
      return NOTHING;
    }
    case 'run':
      machine.run();
      return NOTHING;
    case 'secure-call':
      return secureCall(world, step);
    case 'normal-lie':
      return lieToVtl1(world, step);
    case 'double-fetch':
      return changeBehindVtl1(world, step);
    case 'trustlet-call':
      return callFrom(world, step);
    case 'page-out':
      return pageOut(world, step);
    case 'live-dump': {
      const { status, pages } = machine.secureKernel.liveDump(world.label(step.trustlet));
      world.count(`live dump ${status.toString(16)}`);
      return pages.map(({ ciphertext }) => ciphertext);
    }
    case 'mailbox': {
      const key = new Uint8Array(16).fill(step.key & 0xff);
      return machine.secureKernel.retrieveMailbox(world.label(step.trustlet), step.slot, key).message;
    }
    case 'enable-debugging': {
      const label = world.label(step.trustlet);
      const { challenge } = machine.secureKernel.debugChallenge(label);
      const status = machine.secureKernel.enableDebugging(label, new Uint8Array(32).fill(step.response & 0xff));
      world.count(`enable debugging ${status.toString(16)}`);
      return challenge;
    }
    case 'crash-trustlet': {
      const label = world.label(step.trustlet);
      machine.secureKernel.crashTrustlet(label);
      world.start(label);
      return NOTHING;
    }
  }
};

/** Takes a step, and looks through what it handed to VTL0. */
export const takeStep = (world: World, step: Step): void => world.take(() => act(world, step), step.do);
