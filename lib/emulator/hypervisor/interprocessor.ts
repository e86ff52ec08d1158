/** The interrupt command register: interrupts between processors, each to the VTL of its sender (facts/vsm.md 1.8, 1.12). */
import { decodeFields, encodeFields, InterruptCommand, SegmentValue } from './bit-layouts.js';
import { Vector } from './constants.js';
import { FIRST_INTERRUPT_VECTOR, requestInterrupt } from './interrupts.js';
import { isStartupDenied } from './partition.js';
import { RegisterName } from './register-names.js';
import { type HypervisorState, log } from './state.js';
import { type VirtualProcessor, vtlOf, writeArchitectural } from './virtual-processor.js';

const Mode = { FIXED: 0, NMI: 4, INIT: 5, STARTUP: 6 } as const;
const BROADCAST = 0xffff_ffff;
/** CR0 with PE clear: ET and NE. */
const CR0_REAL = 0x30n;

const destinations = (
  state: HypervisorState,
  sender: VirtualProcessor,
  shorthand: number,
  destination: number,
): readonly VirtualProcessor[] => {
  if (shorthand === 1) return [sender];
  if (shorthand === 2) return state.vps;
  if (shorthand === 3) return state.vps.filter((vp) => vp !== sender);
  return state.vps.filter((vp) => vp.apicId === destination || destination === BROADCAST);
};

/** INIT and SIPI are ignored by a VP that has a higher VTL, or where one denies them (facts/vsm.md 1.8 rule 8, 1.7). */
const ignoresStartup = (state: HypervisorState, target: VirtualProcessor, vtl: number): boolean =>
  vtl > 0 || target.enabledVtls !== 1 || isStartupDenied(state.partition);

const initialise = (target: VirtualProcessor): void => {
  target.startedVtls = 0;
  target.shared.clear();
  vtlOf(target, 0).registers.clear();
};

const startReal = (target: VirtualProcessor, vector: number): void => {
  const base = BigInt(vector) << 12n;
  const segment = encodeFields(SegmentValue, { selector: vector << 8, type: 11, codeOrData: 1, present: 1 });
  writeArchitectural(target, 0, RegisterName.Cr0, CR0_REAL);
  writeArchitectural(target, 0, RegisterName.Cs, segment | (0xffffn << 64n) | base);
  writeArchitectural(target, 0, RegisterName.Rip, 0n);
  target.startedVtls = 1;
};

const startUp = (
  state: HypervisorState,
  sender: VirtualProcessor,
  target: VirtualProcessor,
  vector: number,
  init: boolean,
): void => {
  const vtl = sender.activeVtl;
  const ignored = ignoresStartup(state, target, vtl) || (!init && target.startedVtls !== 0);
  const step = ignored ? 'ignored' : 'taken';
  log(state, { kind: 'interrupt', vp: target.index, vtl, vector, step, source: init ? 'init' : 'startup' });
  if (ignored) return;
  if (init) initialise(target);
  else {
    startReal(target, vector);
    log(state, { kind: 'vp-started', vp: target.index, vtl: 0, by: sender.index });
  }
};

/** The active VTL writes its interrupt command register. @returns false for what it cannot say, which is #GP */
export const sendInterrupt = (state: HypervisorState, sender: VirtualProcessor, command: bigint): boolean => {
  const { vector, mode, logicalDestination, shorthand, destination } = decodeFields(InterruptCommand, command);
  const known = Object.values(Mode).some((each) => each === mode);
  if (!known || logicalDestination === 1 || (mode === Mode.FIXED && vector < FIRST_INTERRUPT_VECTOR)) return false;
  for (const target of destinations(state, sender, shorthand, destination)) {
    if (mode === Mode.INIT || mode === Mode.STARTUP) startUp(state, sender, target, vector, mode === Mode.INIT);
    else {
      const nmi = mode === Mode.NMI;
      requestInterrupt(state, target, sender.activeVtl, nmi ? Vector.NMI : vector, nmi ? 'nmi' : 'apic');
    }
  }
  return true;
};
