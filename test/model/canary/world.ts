/** A machine with secrets planted in VTL1, and everything VTL0 got out of it looked through. */
import {
  type Attempt,
  boot,
  type CompromisedKernel,
  type Machine,
  type MachineSnapshot,
  ntHash,
} from '../../../lib/emulator/index.js';
import { OPERATIONS } from '../../../lib/guard/operations.js';
import type { GuardOperation, Held } from '../../../lib/types.js';
import { act } from '../../support/act.js';
import { lieAbout } from './lies.js';
import { SecretScanner } from './secret-scanner.js';
import { SERVICES, type Step, TRUSTLET_CALLS, TRUSTLETS } from './steps.js';

const PAGE = 4096;
const ALL = 0x1fffff;
const PASSWORD = 'a password that nobody types again';
const SECRET_BYTES = 48;
const NT_DATA = 0x12_0000n;
const SECURE_KERNEL_DATA = 0x102_0000n;
/** Where VTL0 puts the block of a secure call. */
const SECURE_CALL_BLOCK = 0x15_2000n;
const NOTHING: Uint8Array = new Uint8Array(0);
const MOST_LOGONS = 5;
const SERVICE = 'cifs/server.contoso.com';

const VMSP = { label: 'vmsp', image: 'vmsp.exe', trustlet: { id: 2 } } as const;

/** Bytes that occur nowhere else. */
const canaryOf = (name: string): Uint8Array => {
  let state = [...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x0100_0193), 0x811c_9dc5);
  return Uint8Array.from({ length: SECRET_BYTES }, () => {
    state = Math.imul(state ^ (state >>> 13), 0x5bd1_e995) + 0x9e37_79b9;
    return (state >>> 16) & 0xff;
  });
};

export class World {
  readonly machine: Machine;
  readonly kernel: CompromisedKernel;
  readonly scanner: SecretScanner = new SecretScanner();
  /** How often each step came to something. */
  readonly tally: Map<string, number> = new Map();
  readonly #recorded: readonly Uint8Array[];
  readonly #logons: number[] = [];
  #kept: { readonly snapshot: MachineSnapshot; readonly logons: readonly number[] };
  #interceptor: () => void = () => {};
  #liar: () => void = () => {};
  #changer: () => void = () => {};

  constructor(scenario = 'credential-guard') {
    this.machine = boot(scenario);
    const { machine } = this;
    if (machine.platform.hasVtl1) machine.spawn(VMSP);
    // The user logs on before the attacker is there: what is typed is not protected (facts/vsm.md 4.1).
    this.#logons.push(machine.lsa.logOn({ user: 'alice', domain: 'CONTOSO', password: PASSWORD }));
    this.scanner.plant('the user’s NT hash', ntHash(PASSWORD));
    if (machine.platform.hasVtl1) for (const label of TRUSTLETS) this.#plant(label);
    this.kernel = machine.compromisedKernel();
    this.#recorded = machine.lsa.record();
    this.#kept = { snapshot: machine.snapshot(), logons: [...this.#logons] };
  }

  /** Takes one step and looks through what it handed to VTL0. */
  take(step: Step): void {
    for (const label of TRUSTLETS) this.#revive(label);
    this.#hear(step.do, this.#act(step));
  }

  /** Looks through all that VTL0 has: memory, recorded messages, registers, the event log. */
  sweep(): void {
    const { kernel, machine } = this;
    for (const { source, bytes } of kernel.readEverything().pieces) this.#hear(source, bytes);
    const log = JSON.stringify(machine.events, (_, value) => (typeof value === 'bigint' ? value.toString(16) : value));
    this.#hear('the event log', new TextEncoder().encode(log));
    this.#hear('the event log, read as hexadecimal', Buffer.from(log.replaceAll(/[^0-9a-f]/g, ''), 'hex'));
    this.#hear('the event log’s lines', new TextEncoder().encode(machine.eventLines().join('\n')));
  }

  /** @returns what VTL0 got by it */
  #act(step: Step): Uint8Array | readonly Uint8Array[] {
    const { machine, kernel } = this;
    const { lsa } = machine;
    switch (step.do) {
      case 'access': {
        const address = this.#address(step.at);
        if (step.kind === 'execute') return this.#attempt(step.kind, kernel.execute(address));
        if (step.kind === 'read') return this.#attempt(step.kind, kernel.read(address, step.length));
        return this.#attempt(step.kind, kernel.write(this.#harmless(address), new Uint8Array(step.length).fill(0xa5)));
      }
      case 'map':
        return this.#attempt('map', kernel.mapAndRead(Number(this.#address(step.at) / BigInt(PAGE)), 64));
      case 'dma': {
        const address = step.write ? this.#harmless(this.#address(step.at)) : this.#address(step.at);
        return this.#attempt('dma', kernel.dma(address, new Uint8Array(64), step.write ? 'write' : 'read'));
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
          output: this.#harmless(this.#address(step.at)),
        });
        this.#count(`hypercall ${result.kind}`);
        return NOTHING;
      }
      case 'unprotect':
        this.#count(`unprotect ${kernel.calls.protect(0, [Number(this.#address(step.at) / BigInt(PAGE))], step.mask)}`);
        return NOTHING;
      case 'vtl1-register': {
        if (step.write) this.#count(`VTL1 register ${kernel.calls.setRegister(0, step.name, step.value, 1)}`);
        else if (kernel.calls.register(0, step.name, 1) !== null) throw new Error('VTL0 read a register of VTL1');
        return NOTHING;
      }
      case 'operation':
        return this.#operate(step.trustlet, OPERATIONS[step.operation]?.operation ?? 'read');
      case 'read-process':
        return this.#readProcess(step);
      case 'debug': {
        const attached = machine.win32.DebugActiveProcess(this.#pid(step.trustlet));
        if (attached) machine.win32.DebugActiveProcessStop(this.#pid(step.trustlet));
        this.#count(`debug ${attached}`);
        return NOTHING;
      }
      case 'dump':
        return this.#dump(step.trustlet);
      case 'sign-on':
        return this.#signOn(step);
      case 'compare': {
        const logon = this.#logon(step.logon);
        if (logon !== undefined) this.#count(`compare ${lsa.compare(logon, `guess ${step.password}`).match}`);
        return NOTHING;
      }
      case 'log-on': {
        if (this.#logons.length >= MOST_LOGONS) return NOTHING;
        const user = `user-${step.user}`;
        this.#logons.push(lsa.logOn({ user, domain: 'CONTOSO', password: `typed by ${user}` }));
        return NOTHING;
      }
      case 'log-off': {
        // The first is the one whose hash is looked for.
        const [, ...others] = this.#logons;
        const logon = others[step.logon % Math.max(1, others.length)];
        if (logon === undefined) return NOTHING;
        lsa.logOff(logon);
        this.#logons.splice(this.#logons.indexOf(logon), 1);
        return NOTHING;
      }
      case 'lie': {
        this.#interceptor();
        let left = step.messages;
        this.#interceptor = lsa.intercept(({ bytes }) => {
          this.#hear('a message', bytes);
          left -= 1;
          return left >= 0 ? lieAbout(bytes, step.lying, this.#recorded) : undefined;
        });
        return NOTHING;
      }
      case 'forge': {
        const original = this.#recorded[step.message % Math.max(1, this.#recorded.length)];
        if (original === undefined) return NOTHING;
        const answer = lsa.send(lieAbout(original, step.lying, this.#recorded).subarray(0, PAGE));
        this.#count(`forged ${answer === null ? 'unanswered' : 'answered'}`);
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
        machine.exit(this.#label(step.trustlet));
        this.#start(this.#label(step.trustlet));
        this.#count('restart');
        return NOTHING;
      }
      case 'rewind': {
        if (step.keep) this.#kept = { snapshot: machine.snapshot(), logons: [...this.#logons] };
        else {
          machine.restore(this.#kept.snapshot);
          this.#logons.splice(0, this.#logons.length, ...this.#kept.logons);
        }
        return NOTHING;
      }
      case 'run':
        machine.run();
        return NOTHING;
      case 'secure-call':
        return this.#secureCall(step);
      case 'normal-lie':
        return this.#lieToVtl1(step);
      case 'double-fetch':
        return this.#changeBehindVtl1(step);
      case 'trustlet-call':
        return this.#callFrom(step);
      case 'page-out':
        return this.#pageOut(step);
      case 'live-dump': {
        const { status, pages } = machine.secureKernel.liveDump(this.#label(step.trustlet));
        this.#count(`live dump ${status.toString(16)}`);
        return pages.map(({ ciphertext }) => ciphertext);
      }
      case 'mailbox': {
        const key = new Uint8Array(16).fill(step.key & 0xff);
        return machine.secureKernel.retrieveMailbox(this.#label(step.trustlet), step.slot, key).message;
      }
      case 'enable-debugging': {
        const label = this.#label(step.trustlet);
        const { challenge } = machine.secureKernel.debugChallenge(label);
        const status = machine.secureKernel.enableDebugging(label, new Uint8Array(32).fill(step.response & 0xff));
        this.#count(`enable debugging ${status.toString(16)}`);
        return challenge;
      }
      case 'crash-trustlet': {
        const label = this.#label(step.trustlet);
        machine.secureKernel.crashTrustlet(label);
        this.#start(label);
        return NOTHING;
      }
    }
  }

  #attempt(what: string, { outcome, data }: Attempt): Uint8Array {
    this.#count(`${what} ${outcome}`);
    return data;
  }

  /** Somewhere that matters: a page of a trustlet, of LSASS, of the secure kernel, of a block of VTL1’s, or of NT’s. */
  #address(at: number): bigint {
    const { machine } = this;
    const blocks = machine.platform.secureBlocks;
    const block = blocks[at % Math.max(1, blocks.length)];
    const places = [
      ...['lsaiso', 'vmsp', 'lsass'].map((label) => {
        const pages = machine.physicalPages(label);
        return pages[at % Math.max(1, pages.length)]?.physicalAddress ?? NT_DATA;
      }),
      SECURE_KERNEL_DATA,
      BigInt((block?.firstPage ?? 0) + (at % (block?.pageCount ?? 1))) * BigInt(PAGE),
      NT_DATA,
    ];
    return (places[at % places.length] ?? NT_DATA) + BigInt((at >> 4) % (PAGE - 64));
  }

  /** Where VTL0 writes over no table or code of its own: an attacker who stops the machine learns nothing more. */
  #harmless(address: bigint): bigint {
    if (this.machine.hypervisor.check(0, address, 'write').kind !== 'allowed') return address;
    return this.machine.physicalPages('lsass').at(0)?.physicalAddress ?? NT_DATA;
  }

  #label(trustlet: number): (typeof TRUSTLETS)[number] {
    return TRUSTLETS[trustlet] ?? 'lsaiso';
  }

  #pid(trustlet: number): number {
    return this.machine.pidOf(this.#label(trustlet));
  }

  #start(label: (typeof TRUSTLETS)[number]): void {
    this.machine.spawn(label === 'vmsp' ? VMSP : label);
    this.#plant(label);
  }

  /** A trustlet that VTL0 or the secure kernel has ended comes again, with its secret: there is always something to steal. */
  #revive(label: (typeof TRUSTLETS)[number]): void {
    const { machine } = this;
    const { pid, life } = machine.process(label);
    if (machine.secureKernel.trustlets.some((each) => each.pid === pid)) return;
    this.#count('a trustlet was ended');
    if (life === 'running') machine.exit(label);
    this.#start(label);
  }

  /** What a secure call is given: handles and addresses that are real, almost real, or anything. */
  #argument(number: number): bigint {
    const { trustlets } = this.machine.secureKernel;
    const handle = trustlets[number % Math.max(1, trustlets.length)]?.handle ?? 0n;
    switch (number % 5) {
      case 0:
        return handle;
      case 1:
        return handle + BigInt(number >> 8);
      case 2:
        return this.#address(number);
      case 3:
        return this.machine.process(this.#label(number & 1)).dataAddress + BigInt(number % 64);
      default:
        return BigInt(number);
    }
  }

  #secureCall({ service, operation, cookie, args, at }: Extract<Step, { do: 'secure-call' }>): Uint8Array {
    const { secureKernel } = this.machine;
    const named = SERVICES[service];
    const code = named === undefined ? service * 37 : (secureKernel.serviceCode(named) ?? 0);
    const { trustlets } = secureKernel;
    const real = trustlets[cookie % Math.max(1, trustlets.length)]?.cookies[0] ?? 0;
    const block = new DataView(new ArrayBuffer(104));
    block.setUint8(0, operation);
    block.setUint16(2, code, true);
    block.setUint32(4, cookie % 3 === 0 ? cookie : real, true);
    args.forEach((each, index) => {
      block.setBigUint64(8 + index * 8, this.#argument(each), true);
    });
    const where = at === null ? undefined : this.#harmless(this.#address(at));
    const { status, block: answer } = secureKernel.secureCall(new Uint8Array(block.buffer), where);
    this.#count(`secure call ${status.toString(16)}`);
    return answer;
  }

  #lieToVtl1({ calls, lying, status, page }: Extract<Step, { do: 'normal-lie' }>): Uint8Array {
    this.#liar();
    let left = calls;
    this.#liar = this.machine.secureKernel.onNormalCall(({ service, input, outputLength }) => {
      this.#hear('the arguments of a normal call', input);
      left -= 1;
      if (left < 0) return undefined;
      this.#count(`lied about ${service}`);
      if (service === 'ALLOCATE_VM') {
        return page === null ? { status } : { page: Number(this.#address(page) / BigInt(PAGE)) };
      }
      const output = lieAbout(
        new Uint8Array(Math.min(outputLength, PAGE)).fill(lying.value & 0xff),
        lying,
        this.#recorded,
      );
      return { status, output, length: lying.at % 3 === 0 ? lying.at * 77 : output.length };
    });
    return NOTHING;
  }

  #changeBehindVtl1({ reads, at, value }: Extract<Step, { do: 'double-fetch' }>): Uint8Array {
    this.#changer();
    let left = reads;
    this.#changer = this.machine.secureKernel.onRead((what) => {
      left -= 1;
      if (left < 0) return;
      this.#count(`changed after the ${what} was read`);
      // VP 0 is in VTL1: another processor does it.
      const other = this.machine.compromisedKernel(1);
      other.write(SECURE_CALL_BLOCK + BigInt(at % 104), Uint8Array.of(value & 0xff, value >> 8));
    });
    return NOTHING;
  }

  /** A trustlet passes its secret where a service declares less: the rest must not travel. */
  #callFrom({ trustlet, service, outputLength }: Extract<Step, { do: 'trustlet-call' }>): Uint8Array {
    const label = this.#label(trustlet);
    const name = TRUSTLET_CALLS[service] ?? 'NtClose';
    const input = new Uint8Array(8 + SECRET_BYTES);
    input.set(canaryOf(label), 8);
    const { status } = this.machine.secureKernel.callsOf(label).call(name, input, outputLength);
    this.#count(`${name} ${status.toString(16)}`);
    return NOTHING;
  }

  #pageOut({ trustlet, page, alter, value }: Extract<Step, { do: 'page-out' }>): Uint8Array {
    const { machine } = this;
    const label = this.#label(trustlet);
    const pages = machine.physicalPages(label);
    const address =
      page % 2 === 0 ? machine.process(label).dataAddress : (pages[page % Math.max(1, pages.length)]?.address ?? 0n);
    const before = new Set(machine.hypervisor.pagesInUse());
    this.#count(`page out ${machine.secureKernel.pageOut(label, address).toString(16)}`);
    const encrypted = machine.hypervisor.pagesInUse().find((each) => !before.has(each));
    if (alter && encrypted !== undefined) {
      this.kernel.write(BigInt(encrypted * PAGE + (value % PAGE)), Uint8Array.of(value & 0xff));
    }
    // It needs the page: it is brought back, or the trustlet ends for a page that is not what it was.
    machine.readMemory(label, machine.process(label).dataAddress, 1);
    if (machine.process(label).life !== 'running') this.#count('a trustlet ended for its page');
    return NOTHING;
  }

  #logon(number: number): number | undefined {
    return this.#logons[number % Math.max(1, this.#logons.length)];
  }

  #operate(trustlet: number, operation: GuardOperation): Uint8Array {
    const { win32 } = this.machine;
    const pid = this.#pid(trustlet);
    const tid = this.machine.tidsOf(this.#label(trustlet))[0] ?? 0;
    const onThread = OPERATIONS.find((entry) => entry.operation === operation)?.acts === 'thread';
    const handle = onThread ? win32.OpenThread(ALL, false, tid) : win32.OpenProcess(ALL, false, pid);
    if (handle === 0n || operation === 'terminate') return NOTHING;
    act(this.machine, operation, { handle, pid, tid: onThread ? tid : null } as Held);
    win32.CloseHandle(handle);
    return NOTHING;
  }

  #readProcess({ trustlet, offset, driver }: Extract<Step, { do: 'read-process' }>): Uint8Array {
    const { machine } = this;
    const { win32, kernel } = machine;
    const address = machine.process(this.#label(trustlet)).dataAddress + BigInt(offset % 64);
    const buffer = new Uint8Array(64);
    if (driver) {
      kernel.MmCopyVirtualMemory(this.#pid(trustlet), address, buffer, 'read');
      const touched = new Uint8Array(64);
      kernel.KeStackAttachAndTouch(this.#pid(trustlet), address, touched, 'read');
      this.#hear('KeStackAttachProcess', touched);
      return buffer;
    }
    const handle = win32.OpenProcess(ALL, false, this.#pid(trustlet));
    this.#count(`ReadProcessMemory ${win32.ReadProcessMemory(handle, address, buffer, buffer.length)}`);
    win32.CloseHandle(handle);
    return buffer;
  }

  #dump(trustlet: number): Uint8Array {
    const { win32 } = this.machine;
    const handle = win32.OpenProcess(ALL, false, this.#pid(trustlet));
    const dump = win32.MiniDumpWriteDump(handle, this.#pid(trustlet));
    win32.CloseHandle(handle);
    this.#count(`dump ${dump !== null}`);
    return dump ?? NOTHING;
  }

  #signOn({ logon: number, challenge, kerberos }: Extract<Step, { do: 'sign-on' }>): readonly Uint8Array[] {
    const { lsa } = this.machine;
    const logon = this.#logon(number);
    if (logon === undefined) return [];
    if (kerberos) {
      const { status, preAuthentication } = lsa.kerberos.preAuthenticate(logon);
      const { authenticator, ticket } = lsa.kerberos.requestService(logon, SERVICE);
      this.#count(`pre-authentication ${status.toString(16)}`);
      return [preAuthentication, authenticator, ticket];
    }
    const serverChallenge = Uint8Array.from({ length: 8 }, (_, index) => (challenge >> index) & 0xff);
    const { status, response, lmResponse, sessionKey } = lsa.ntlmResponse(logon, { serverChallenge });
    this.#count(`response ${status.toString(16)}`);
    return [response, lmResponse, sessionKey, lsa.ntlmV1Response(logon, serverChallenge).response];
  }

  #plant(label: (typeof TRUSTLETS)[number]): void {
    const { machine } = this;
    const canary = canaryOf(label);
    machine.writeMemory(label, machine.process(label).dataAddress, canary);
    this.scanner.plant(`the canary of ${label}`, canary);
  }

  #hear(what: string, bytes: Uint8Array | readonly Uint8Array[]): void {
    for (const each of bytes instanceof Uint8Array ? [bytes] : bytes) {
      const found = this.scanner.find(each);
      if (found !== null) throw new Error(`VTL0 got ${found}, from ${what}`);
    }
  }

  #count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }
}
