/** Drives a hypervisor through steps, and the reference beside it; every answer is one line of text. */
import assert from 'node:assert/strict';
import { Hypervisor } from '../../../lib/emulator/hypervisor/hypervisor.js';
import type { AccessResult, HypercallResult, InstructionResult } from '../../../lib/emulator/hypervisor/outcomes.js';
import type { HypervisorOptions } from '../../../lib/emulator/hypervisor/state.js';
import { GuestReference } from './guest-reference.js';
import { isRamPage, LAST_PAGE, MESSAGES, RANGES, type Step } from './guest-world.js';
import { hypercall } from './hypercall-reference.js';
import { readMsr, writeMsr } from './msrs-reference.js';
import { R8, RAX, RCX, RDX, SHARED, XMM0 } from './registers-reference.js';

export interface GuestOptions {
  readonly vps: number;
  readonly profile?: 'openhcl' | 'tlfs' | 'kvm';
  readonly mbec?: boolean;
  readonly dr6Shared?: boolean;
  readonly repBudget?: number;
  readonly eventCapacity?: number;
  /** The reference runs along; it knows the profile openhcl only. */
  readonly reference?: boolean;
}

type CallStep = Extract<Step, { do: 'call' }>;
type AccessStep = Extract<Step, { do: 'access' }>;

const accessText = (result: AccessResult): string => {
  if (result.kind === 'done') return `done ${Buffer.from(result.data).toString('hex')}`;
  if (result.kind === 'host') return `host ${result.reason}`;
  return result.kind === 'fault' ? `fault ${result.vector}` : `intercept ${result.vtl}`;
};

const instructionText = (result: InstructionResult): string => {
  if (result.kind === 'done') return `done ${result.value}`;
  return result.kind === 'fault' ? `fault ${result.vector}` : `intercept ${result.vtl}`;
};

const callText = (result: HypercallResult): string => {
  switch (result.kind) {
    case 'completed':
      return `status ${result.status} reps ${result.repsCompleted}`;
    case 'continued':
      return `continued ${result.repsCompleted}`;
    case 'waiting':
      return 'waiting';
    case 'vtl-switch':
      return `switch ${result.from}>${result.to}`;
    case 'fault':
      return `fault ${result.vector}`;
    case 'intercept':
      return `intercept ${result.vtl}`;
  }
};

const bytesOf = (words: readonly bigint[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(words.length * 8));
  words.forEach((word, index) => {
    view.setBigUint64(index * 8, BigInt.asUintN(64, word), true);
  });
  return new Uint8Array(view.buffer);
};

export class GuestRun {
  readonly hypervisor: Hypervisor;
  readonly vps: number;
  readonly reference: GuestReference | null;
  /** How often each answer came to each kind of step. */
  readonly tally: Map<string, number> = new Map();
  iommu = true;

  constructor(options: GuestOptions) {
    const { vps, profile = 'openhcl', mbec = true, dr6Shared = false, repBudget = 3, eventCapacity = 64 } = options;
    this.vps = vps;
    const whole: HypervisorOptions = {
      ram: RANGES,
      processors: vps,
      profile,
      features: { mbec, dr6Shared },
      iommu: true,
      repBudget,
      eventCapacity,
    };
    this.hypervisor = new Hypervisor(whole);
    const initial = new Map(GuestReference.names.map((name) => [name, this.hypervisor.readRegister(0, name)]));
    this.reference =
      options.reference === false
        ? null
        : new GuestReference({ vps, isRam: isRamPage, lastPage: LAST_PAGE, mbec, dr6Shared, repBudget, initial });
    if (this.reference !== null) this.reference.memory.iommu = true;
  }

  isRunning(vp: number): boolean {
    const reference = this.reference?.vp(vp).started.size;
    return reference === undefined ? this.hypervisor.describe().processors[vp]?.running === true : reference > 0;
  }

  /** The host writes RAM. */
  plant(address: number, bytes: Uint8Array): void {
    this.hypervisor.writePhysical(BigInt(address), bytes);
    this.reference?.memory.plant(address, [...bytes]);
  }

  /** @returns the answer; '' where the step's VP does not run */
  take(step: Step): string {
    const vp = step.vp % this.vps;
    const device = ['dma', 'iommu', 'time', 'reset', 'raise'].includes(step.do);
    if (!device && !this.isRunning(vp)) return '';
    this.#sync(vp, step.do);
    const text = this.#perform(vp, step);
    const what = step.do === 'call' ? `call ${(step.control & 0xffffn).toString(16)}` : step.do;
    const key = `${what} ${text.startsWith('done') ? 'done' : text}`;
    this.tally.set(key, (this.tally.get(key) ?? 0) + 1);
    this.#follow(vp, step);
    return text;
  }

  /** Tells the reference what the hypervisor wrote into VTL1's pages. */
  #sync(index: number, what: Step['do']): void {
    if (this.reference === null || this.reference.vp(index).active === 0) return;
    if (!['access', 'call', 'again', 'vtl-return', 'handle'].includes(what)) return;
    for (let vp = 0; vp < this.vps; vp++) {
      this.reference.sync(`vp${vp}.assist`, this.hypervisor.page(vp, 1, 'assist'));
      this.reference.sync(`vp${vp}.simp`, this.hypervisor.page(vp, 1, 'messages'));
    }
  }

  /** After a step: who is in VTL1 now, and the registers of the VTL that the step's VP is in. */
  #follow(index: number, step: Step): void {
    const { reference, hypervisor } = this;
    if (reference === null) return;
    for (let vp = 0; vp < this.vps; vp++) {
      assert.ok(
        reference.enter(vp, hypervisor.activeVtl(vp)),
        `VP ${vp} is in VTL${hypervisor.activeVtl(vp)} after ${step.do}`,
      );
    }
    const vp = reference.vp(index);
    for (const name of GuestReference.names) {
      const expected = reference.get(vp, vp.active, name);
      const actual = hypervisor.readRegister(index, name);
      if (actual !== expected) {
        assert.equal(
          actual.toString(16),
          expected.toString(16),
          `register ${name.toString(16)} of VTL${vp.active} after ${step.do}`,
        );
      }
    }
  }

  #agree(actual: string, expected: readonly string[] | string | undefined): string {
    if (this.reference === null || expected === undefined) return actual;
    const answers = typeof expected === 'string' ? [expected] : expected;
    assert.ok(answers.includes(actual), `it answers '${actual}', the reference ${answers.join(' or ')}`);
    return actual;
  }

  #perform(index: number, step: Step): string {
    const { hypervisor, reference } = this;
    const vp = reference?.vp(index);
    switch (step.do) {
      case 'access':
        return this.#access(index, step);
      case 'call':
        return this.#call(index, step);
      case 'again':
        return this.#finish(index, callText(hypervisor.hypercallAgain(index)));
      case 'vtl-call':
      case 'vtl-return':
        return this.#vtlSwitch(index, step.do, step.input);
      case 'handle':
        return this.#handle(index);
      case 'read-msr': {
        const expected = vp && reference ? readMsr(reference, vp, step.msr) : undefined;
        return this.#agree(instructionText(hypervisor.readMsr(index, step.msr)), expected);
      }
      case 'write-msr': {
        const actual = instructionText(hypervisor.writeMsr(index, step.msr, step.value));
        return this.#agree(actual, vp && reference ? writeMsr(reference, vp, step.msr, step.value) : undefined);
      }
      case 'write-register': {
        const actual = instructionText(hypervisor.writeRegister(index, step.name, step.value));
        return this.#agree(actual, vp && reference?.writeRegister(vp, step.name, step.value));
      }
      case 'port': {
        const actual = instructionText(hypervisor.ioPort(index, step.port, step.access));
        return this.#agree(actual, vp && reference?.port(vp, step.port, step.access));
      }
      case 'dma':
        return this.#dma(step.address, step.write, step.bytes);
      default:
        return this.#event(index, step);
    }
  }

  #event(index: number, step: Step): string {
    const { hypervisor, reference } = this;
    switch (step.do) {
      case 'raise':
        hypervisor.raise(index, step.vtl, step.vector);
        return '';
      case 'next': {
        const event = hypervisor.nextEvent(index);
        const expected = reference?.nextEvent(reference.vp(index));
        if (event?.kind !== 'exception') return this.#agree(event?.kind ?? 'none', expected);
        const text = `exception ${event.vector} ${event.errorCode} ${event.parameter}`;
        return this.#agree(text, reference === null ? undefined : (expected ?? 'no exception'));
      }
      case 'end':
        hypervisor.endOfInterrupt(index);
        return '';
      case 'iommu':
        this.iommu = step.on;
        hypervisor.iommu = step.on;
        if (reference !== null) reference.memory.iommu = step.on;
        return '';
      case 'time':
        hypervisor.advanceTime(step.ticks);
        if (reference !== null) reference.tsc += step.ticks;
        return '';
      default:
        hypervisor.reset();
        reference?.reset();
        return '';
    }
  }

  #access(index: number, { kind, address, physical, cpl, bytes }: Omit<AccessStep, 'vp' | 'do'>): string {
    const { hypervisor, reference } = this;
    const data = Uint8Array.from(bytes);
    const level = cpl === null ? {} : { cpl };
    const result = hypervisor.access(index, { access: kind, address, physical, data, length: data.length, ...level });
    if (reference === null) return accessText(result);
    const vp = reference.vp(index);
    const privilege = cpl ?? reference.privilege(vp, vp.active);
    const expected = physical
      ? reference.physical(vp, kind, address, privilege, bytes)
      : reference.virtual(vp, kind, address, privilege, bytes);
    return this.#agree(accessText(result), expected);
  }

  #call(index: number, { control, words, input, output }: CallStep): string {
    const { hypervisor } = this;
    const vp = this.reference?.vp(index);
    if (((control >> 16n) & 1n) === 1n) {
      const [first = 0n, second = 0n, ...rest] = words;
      const xmm = rest.slice(0, 12).flatMap((low, at) => (at % 2 === 0 ? [low | ((rest[at + 1] ?? 0n) << 64n)] : []));
      const result = hypervisor.hypercall(index, { control, input: first, output: second, xmm });
      if (vp !== undefined) {
        this.#load(vp.index, [RCX, control], [RDX, first], [R8, second]);
        xmm.forEach((value, at) => {
          this.#load(vp.index, [XMM0 + at, value]);
        });
      }
      return this.#finish(index, callText(result));
    }
    this.#writeInput(index, words, input);
    const result = hypervisor.hypercall(index, { control, input, output });
    if (vp !== undefined) this.#load(index, [RCX, control], [RDX, input], [R8, output]);
    return this.#finish(index, callText(result));
  }

  /** Zeros up to the page's end follow, so that nobody else's bytes are taken for more of the input. */
  #writeInput(index: number, words: readonly bigint[], input: bigint): void {
    const vtl = this.hypervisor.activeVtl(index);
    if (this.hypervisor.check(vtl, input, 'write').kind !== 'allowed') return;
    const room = 4096 - Number(input % 4096n);
    const bytes = new Uint8Array(Math.min(room, 512));
    bytes.set(bytesOf(words).subarray(0, bytes.length));
    this.#access(index, { kind: 'write', address: input, physical: true, cpl: 0, bytes: [...bytes] });
  }

  #load(index: number, ...registers: readonly (readonly [number, bigint])[]): void {
    const vp = this.reference?.vp(index);
    for (const [name, value] of registers) if (vp !== undefined) this.reference?.set(vp, vp.active, name, value);
  }

  #finish(index: number, actual: string): string {
    const { reference } = this;
    return this.#agree(actual, reference === null ? undefined : hypercall(reference, reference.vp(index), actual));
  }

  #vtlSwitch(index: number, what: 'vtl-call' | 'vtl-return', input: bigint): string {
    const { hypervisor } = this;
    const call = what === 'vtl-call';
    const result = call ? hypervisor.vtlCall(index, input) : hypervisor.vtlReturn(index, input);
    this.#load(index, [RAX, input], [RCX, call ? 0x11n : 0x12n]);
    return this.#finish(index, callText(result));
  }

  /** The handler of VTL1 frees its message slot and returns; in VTL0 the same is an attempt at it. */
  #handle(index: number): string {
    const free = [0, 0, 0, 0];
    this.#access(index, {
      kind: 'write',
      address: BigInt(MESSAGES + index) * 4096n,
      physical: true,
      cpl: 0,
      bytes: free,
    });
    if (this.hypervisor.activeVtl(index) === 0) {
      this.reference?.enter(index, 0);
      return this.#vtlSwitch(index, 'vtl-return', 1n);
    }
    this.reference?.enter(index, 1);
    this.hypervisor.endOfInterrupt(index);
    return this.#vtlSwitch(index, 'vtl-return', 1n);
  }

  #dma(address: bigint, write: boolean, bytes: readonly number[]): string {
    const buffer = Uint8Array.from(bytes);
    const outcome = this.hypervisor.transferByDevice(address, buffer, write ? 'write' : 'read');
    const actual = outcome === 'allowed' ? `done ${Buffer.from(buffer).toString('hex')}` : outcome;
    if (this.reference === null) return actual;
    const expected = this.reference.memory.dma(Number(address), bytes.length, write, bytes);
    return this.#agree(
      actual,
      typeof expected === 'string' ? expected : `done ${Buffer.from(expected).toString('hex')}`,
    );
  }

  /** All RAM, and who protects what. */
  sweep(): void {
    const { hypervisor, reference } = this;
    if (reference === null) return;
    const image = reference.memory.image((LAST_PAGE + 1) * 4096);
    for (const { firstPage, pageCount } of RANGES) {
      const actual = hypervisor.readPhysical(BigInt(firstPage * 4096), pageCount * 4096);
      const expected = image.subarray(firstPage * 4096, (firstPage + pageCount) * 4096);
      const place = Buffer.compare(actual, expected) === 0 ? -1 : actual.findIndex((byte, at) => byte !== expected[at]);
      assert.equal(place, -1, `RAM differs at ${(firstPage * 4096 + place).toString(16)}`);
    }
    assert.deepEqual(hypervisor.protectedPages(1), reference.memory.protectedPages(1));
    for (let page = 0; page <= LAST_PAGE + 1; page++) {
      for (const kind of ['read', 'write', 'execute'] as const) {
        for (const vtl of [0, 1]) {
          const mode = { cpl: 0, mbec: true, smep: true };
          const actual = hypervisor.check(vtl, BigInt(page * 4096), kind, mode);
          const expected = reference.memory.check(vtl, page, kind, mode);
          const text = actual.kind === 'intercept' ? `vtl${actual.vtl}` : actual.kind.replace('-denied', '');
          if (text !== expected) assert.equal(text, expected, `VTL${vtl} ${kind} of page ${page}`);
        }
      }
    }
  }

  /** The registers that VTLs share, as a VP has them. */
  shared(vp: number): readonly bigint[] {
    return SHARED.map((name) => this.hypervisor.readRegister(vp, name));
  }
}
