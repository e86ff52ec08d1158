/** Runs attacks against a machine that has come up, and looks after each whether anything of VTL1 got out or was changed. */
import assert from 'node:assert/strict';
import { bootRules } from '../../../lib/emulator/boot/boot-rules.js';
import { Platform, type PlatformSnapshot } from '../../../lib/emulator/boot/platform.js';
import { eventText } from '../../../lib/emulator/hypervisor/event-text.js';
import type { HypercallResult } from '../../../lib/emulator/hypervisor/outcomes.js';
import { outcomesWith } from '../../../lib/emulator/policies.js';
import type { At, Attack, Place } from './isolation-steps.js';

const PAGE = 4096;
/** Eight bytes that nothing else in the machine holds. */
const CANARY = Uint8Array.of(0xc5, 0x5a, 0x93, 0x6e, 0xd1, 0x27, 0xb8, 0x4f);
const CANARY_WORD = 0x4fb8_27d1_6e93_5ac5n;
const SECRET_PAGES = 3;
const NT_DATA = 0x12_0000;
const NT_INPUT = 0x15_0000;
const OVERLAY = 0x8_0000;
/** VTL0's table of 1 GiB pages. */
const NT_TABLE = 0x14_1000;
/** Entries of VTL0's table of 1 GiB pages that attacks may use for windows: above the 16 GiB there are. */
const FIRST_WINDOW = 100;
const VPS = [0, 1] as const;
/** A private register of VTL1's that holds the canary: KERNEL_GS_BASE, as a canonical address may be. */
const KERNEL_GS_BASE = 0x0008_0002;

export class IsolationRun {
  readonly platform: Platform;
  readonly #secret: number;
  /** A page of VTL1's that would do as a page table: every entry maps the first 2 MiB, which are VTL0's. */
  readonly #table: number;
  /** What came of each kind of attack, so that a test sees that the attacks reach something. */
  readonly tally = new Map<string, number>();
  readonly #before: string;

  constructor() {
    this.platform = new Platform({ hypervisor: true, vsm: true, hvci: true, rules: bootRules(outcomesWith()) });
    this.platform.advanceTo('RUNNING');
    const { hypervisor } = this.platform;
    this.#secret = this.platform.exclusiveBlock(SECRET_PAGES, 0).firstPage;
    const page = Uint8Array.from({ length: PAGE }, (_, index) => CANARY[index % CANARY.length] ?? 0);
    for (let index = 0; index < SECRET_PAGES; index += 1)
      hypervisor.copy(1, (this.#secret + index) * PAGE, page, 'write');
    this.#table = this.platform.exclusiveBlock(1, 0).firstPage;
    const entries = new BigUint64Array(PAGE / 8).fill(0xe3n);
    hypervisor.copy(1, this.#table * PAGE, new Uint8Array(entries.buffer), 'write');
    for (const vp of VPS) {
      hypervisor.vtlCall(vp);
      hypervisor.writeRegister(vp, KERNEL_GS_BASE, CANARY_WORD);
      this.platform.answerInterrupts(vp);
    }
    this.#before = this.#vtl1();
  }

  /** One attack; throws when it got anything. @returns what it was told */
  take(attack: Attack): string {
    const { told, data } = this.#try(attack);
    for (const vp of VPS) {
      if (this.platform.answerInterrupts(vp)) this.platform.hypervisor.nextEvent(vp);
    }
    this.#count(`${attack.do} ${told.split(' ')[0] ?? ''}`);
    assert.ok(!holdsCanary(data), 'the canary came out');
    // An overlay of VTL0's own may lie over it; the page beneath stays what it is.
    for (let index = 0; index < SECRET_PAGES; index += 1) {
      assert.equal(this.platform.hypervisor.protection(1, BigInt((this.#secret + index) * PAGE)), 0);
    }
    return `${told} ${Buffer.from(data).toString('hex')}`;
  }

  /** Everything VTL0 can see, and everything that is VTL1's. */
  sweep(): void {
    const { hypervisor } = this.platform;
    const { state } = hypervisor.snapshot();
    for (const page of state.slat.memory.pages.keys()) {
      const bytes = new Uint8Array(PAGE);
      if (hypervisor.copy(0, page * PAGE, bytes, 'read').kind !== 'allowed') continue;
      assert.ok(!holdsCanary(bytes), `VTL0 reads the canary in page 0x${page.toString(16)}`);
    }
    for (const vp of state.vps) {
      const seen = [...vp.shared.values(), ...vp.msrs.values(), ...(vp.vtls[0]?.registers.values() ?? [])];
      assert.ok(!seen.includes(CANARY_WORD), 'the canary is in a register of VTL0');
    }
    assert.equal(this.#vtl1(), this.#before, 'something of VTL1 has changed');
  }

  snapshot(): PlatformSnapshot {
    return this.platform.snapshot();
  }

  restore(snapshot: PlatformSnapshot): void {
    this.platform.restore(snapshot);
  }

  log(): readonly string[] {
    return this.platform.hypervisor.events.map(eventText);
  }

  /** VTL1's memory, rights, configuration and private registers, as a value. What its own handler uses is left out: RIP, CR8, stack. */
  #vtl1(): string {
    const { hypervisor } = this.platform;
    const { state } = hypervisor.snapshot();
    const pages = [this.#table, ...Array.from({ length: SECRET_PAGES }, (_, index) => this.#secret + index)];
    const secrets = pages.map((page) =>
      Buffer.from(hypervisor.readPhysical(BigInt(page * PAGE), PAGE)).toString('hex'),
    );
    const config = state.partition.vtls.map((vtl) => [vtl.config, [...vtl.ioIntercepts]]);
    const processors = state.vps.map(({ enabledVtls, vtls: [, own] }) => [
      enabledVtls,
      own?.secureConfig.map((value) => value & 1n),
      own?.crIntercepts,
      own?.vina,
      own?.assistMsr,
      own?.synic.simp,
      own?.synic.sints,
      [...(own?.registers ?? [])].filter(([name]) => name !== 0x0002_0010),
    ]);
    const value = [secrets, hypervisor.protectedPages(1), config, processors, state.partition.enabledVtls];
    return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}` : each));
  }

  #count(key: string): void {
    this.tally.set(key, (this.tally.get(key) ?? 0) + 1);
  }

  /** Whether a window's entry makes a page of VTL1's the next table, with VTL0's own tables in use and nothing laid over that page. */
  #isSecretTable(vp: number, window: number): boolean {
    const { hypervisor } = this.platform;
    const bytes = hypervisor.readPhysical(BigInt(NT_TABLE + (FIRST_WINDOW + window) * 8), 8);
    const entry = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
    const table = entry & 0xf_ffff_f000n;
    const isTable = (entry & 0x81n) === 1n && hypervisor.protection(1, table) === 0;
    const ownTables = hypervisor.readRegister(vp, 0x0004_0002) === this.platform.notedRoot;
    return isTable && ownTables && hypervisor.check(0, table, 'read').kind === 'intercept';
  }

  #address({ place, offset }: At): number {
    const places: Readonly<Record<Place, number>> = {
      secret: this.#secret * PAGE,
      'secret-end': (this.#secret + SECRET_PAGES) * PAGE - 0x1000,
      'before-secret': this.#secret * PAGE - 8,
      'secret-table': this.#table * PAGE,
      'other-secret': 0x102_0000,
      nt: NT_DATA,
      'nt-tables': NT_TABLE,
      input: NT_INPUT,
      overlay: OVERLAY,
      nowhere: 2 ** 36,
    };
    return places[place] + offset;
  }

  #try(attack: Attack): { readonly told: string; readonly data: Uint8Array } {
    const { hypervisor } = this.platform;
    switch (attack.do) {
      case 'access': {
        const { vp, kind: access, at, length, cpl } = attack;
        const address = BigInt(this.#address(at));
        const data = new Uint8Array(length).fill(0x11);
        const result = hypervisor.access(vp, { access, address, length, data, cpl, physical: true });
        return told(result.kind, result.kind === 'done' ? result.data : undefined);
      }
      case 'virtual': {
        const { vp, kind: access, window, offset } = attack;
        const address = BigInt(FIRST_WINDOW + window) * 2n ** 30n + BigInt(offset + ((this.#secret * PAGE) % 2 ** 30));
        const throughSecret = this.#isSecretTable(vp, window);
        const result = hypervisor.access(vp, { access, address, length: 16, data: new Uint8Array(16), cpl: 0 });
        assert.ok(!(throughSecret && result.kind === 'done'), 'a page of VTL1’s served as a page table');
        return told(result.kind, result.kind === 'done' ? result.data : undefined);
      }
      case 'map': {
        // A window of 1 GiB over the place; or its entry is a table, and the place that table.
        const { vp, window, at, flags } = attack;
        const target = BigInt(this.#address(at));
        const large = (flags & 0x60) === 0 ? 0x80n : 0n;
        const base = large === 0n ? target & ~0xfffn : target & ~(2n ** 30n - 1n);
        const entry = new DataView(new ArrayBuffer(8));
        entry.setBigUint64(0, base | BigInt(flags) | large, true);
        const address = BigInt(NT_TABLE + (FIRST_WINDOW + window) * 8);
        const data = new Uint8Array(entry.buffer);
        return told(hypervisor.access(vp, { access: 'write', address, data, physical: true, cpl: 0 }).kind);
      }
      case 'hypercall': {
        const input = BigInt(this.#address(attack.input));
        const body = new DataView(new ArrayBuffer(64));
        body.setBigUint64(0, 2n ** 64n - 1n, true);
        attack.body.forEach((word, index) => {
          body.setUint32(8 + index * 4, word, true);
        });
        body.setBigUint64(48, BigInt(Math.floor(this.#address(attack.target) / PAGE)), true);
        const data = new Uint8Array(body.buffer);
        hypervisor.access(attack.vp, { access: 'write', address: BigInt(NT_INPUT), data, physical: true, cpl: 0 });
        const result = hypervisor.hypercall(attack.vp, {
          control: attack.control,
          input,
          output: BigInt(this.#address(attack.output)),
          xmm: attack.fast,
        });
        return told(callText(result));
      }
      case 'again':
        return told(callText(hypervisor.hypercallAgain(attack.vp)));
      case 'write-msr': {
        const value = BigInt(this.#address(attack.at) & ~0xfff) | BigInt(attack.low);
        return told(hypervisor.writeMsr(attack.vp, attack.msr, value).kind);
      }
      case 'read-msr':
        return ofValue(hypervisor.readMsr(attack.vp, attack.msr));
      case 'write-register': {
        const value = BigInt(this.#address(attack.at) & ~0xfff) | BigInt(attack.low);
        return told(hypervisor.writeRegister(attack.vp, attack.name, value).kind);
      }
      case 'dma': {
        const data = new Uint8Array(attack.length).fill(0x22);
        const address = BigInt(this.#address(attack.at));
        const outcome = hypervisor.transferByDevice(address, data, attack.write ? 'write' : 'read');
        return told(outcome, data);
      }
      case 'vtl-call':
        return told(hypervisor.vtlCall(attack.vp, attack.input).kind);
      case 'vtl-return':
        return told(hypervisor.vtlReturn(attack.vp, attack.input).kind);
      case 'interrupt':
        hypervisor.raise(attack.vp, attack.vtl, attack.vector);
        return told('raised');
      case 'ipi':
        return told(hypervisor.writeMsr(attack.vp, 0x830, attack.command).kind);
      case 'port':
        return ofValue(hypervisor.ioPort(attack.vp, attack.port, 'read', 4));
    }
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);

const told = (text: string, data: Uint8Array = NOTHING): { told: string; data: Uint8Array } => ({ told: text, data });

const ofValue = (result: { readonly kind: string; readonly value?: bigint }): { told: string; data: Uint8Array } => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, result.value ?? 0n, true);
  return told(result.kind, new Uint8Array(view.buffer));
};

const callText = (result: HypercallResult): string =>
  result.kind === 'completed' ? `completed-${result.status} ${result.repsCompleted}` : result.kind;

const holdsCanary = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes(Buffer.from(CANARY));
