/** A machine with secrets planted in VTL1, and everything VTL0 got out of it looked through. */
import {
  type Attempt,
  boot,
  type CompromisedKernel,
  type Machine,
  type MachineSnapshot,
  ntHash,
} from '../../../lib/emulator/index.js';
import { SecretScanner } from './secret-scanner.js';
import { TRUSTLETS } from './steps.js';

export const PAGE = 4096;
const PASSWORD = 'a password that nobody types again';
export const SECRET_BYTES = 48;
export const NT_DATA = 0x12_0000n;
const SECURE_KERNEL_DATA = 0x102_0000n;
export const NOTHING: Uint8Array = new Uint8Array(0);

const VMSP = { label: 'vmsp', image: 'vmsp.exe', trustlet: { id: 2 } } as const;

/** Bytes that occur nowhere else. */
export const canaryOf = (name: string): Uint8Array => {
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
  readonly recorded: readonly Uint8Array[];
  readonly logons: number[] = [];
  kept: { readonly snapshot: MachineSnapshot; readonly logons: readonly number[] };
  /** Each takes away a hook that an earlier step left: VTL0 has one of a kind at a time. */
  stopIntercepting: () => void = () => {};
  stopLying: () => void = () => {};
  stopChanging: () => void = () => {};

  constructor(scenario = 'credential-guard') {
    this.machine = boot(scenario);
    const { machine } = this;
    if (machine.platform.hasVtl1) machine.spawn(VMSP);
    // The user logs on before the attacker is there: what is typed is not protected (facts/vsm.md 4.1).
    this.logons.push(machine.lsa.logOn({ user: 'alice', domain: 'CONTOSO', password: PASSWORD }));
    this.scanner.plant('the user’s NT hash', ntHash(PASSWORD));
    if (machine.platform.hasVtl1) for (const label of TRUSTLETS) this.#plant(label);
    this.kernel = machine.compromisedKernel();
    this.recorded = machine.lsa.record();
    this.kept = { snapshot: machine.snapshot(), logons: [...this.logons] };
    // While NT serves a trustlet's call, VTL0 looks at the pages that it was handed, beyond what it was told of.
    machine.secureKernel.onNormalCall(({ service, pages }) => {
      for (const page of pages) this.hear(`the pages of ${service}`, this.kernel.read(page, PAGE).data);
      return undefined;
    });
  }

  /** Lets VTL0 act, and looks through what it got by it. */
  take(act: () => Uint8Array | readonly Uint8Array[], what: string): void {
    for (const label of TRUSTLETS) this.#revive(label);
    this.hear(what, act());
  }

  /** Looks through all that VTL0 has: memory, recorded messages, registers, the event log. */
  sweep(): void {
    const { kernel, machine } = this;
    for (const { source, bytes } of kernel.readEverything().pieces) this.hear(source, bytes);
    const log = JSON.stringify(machine.events, (_, value) => (typeof value === 'bigint' ? value.toString(16) : value));
    this.hear('the event log', new TextEncoder().encode(log));
    this.hear('the event log, read as hexadecimal', Buffer.from(log.replaceAll(/[^0-9a-f]/g, ''), 'hex'));
    this.hear('the event log’s lines', new TextEncoder().encode(machine.eventLines().join('\n')));
  }

  attempt(what: string, { outcome, data }: Attempt): Uint8Array {
    this.count(`${what} ${outcome}`);
    return data;
  }

  /** Somewhere that matters: a page of a trustlet, of LSASS, of the secure kernel, of a block of VTL1’s, or of NT’s. */
  address(at: number): bigint {
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
  harmless(address: bigint): bigint {
    if (this.machine.hypervisor.check(0, address, 'write').kind !== 'allowed') return address;
    return this.machine.physicalPages('lsass').at(0)?.physicalAddress ?? NT_DATA;
  }

  label(trustlet: number): (typeof TRUSTLETS)[number] {
    return TRUSTLETS[trustlet] ?? 'lsaiso';
  }

  pid(trustlet: number): number {
    return this.machine.pidOf(this.label(trustlet));
  }

  start(label: (typeof TRUSTLETS)[number]): void {
    this.machine.spawn(label === 'vmsp' ? VMSP : label);
    this.#plant(label);
  }

  /** A trustlet that VTL0 or the secure kernel has ended comes again, with its secret: there is always something to steal. */
  #revive(label: (typeof TRUSTLETS)[number]): void {
    const { machine } = this;
    const { pid, life } = machine.process(label);
    if (machine.secureKernel.trustlets.some((each) => each.pid === pid)) return;
    this.count('a trustlet was ended');
    if (life === 'running') machine.exit(label);
    this.start(label);
  }

  logon(number: number): number | undefined {
    return this.logons[number % Math.max(1, this.logons.length)];
  }

  #plant(label: (typeof TRUSTLETS)[number]): void {
    const { machine } = this;
    const canary = canaryOf(label);
    machine.writeMemory(label, machine.process(label).dataAddress, canary);
    this.scanner.plant(`the canary of ${label}`, canary);
  }

  hear(what: string, bytes: Uint8Array | readonly Uint8Array[]): void {
    for (const each of bytes instanceof Uint8Array ? [bytes] : bytes) {
      const found = this.scanner.find(each);
      if (found !== null) throw new Error(`VTL0 got ${found}, from ${what}`);
    }
  }

  count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }
}
