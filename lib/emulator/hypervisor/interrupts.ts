/**
 * Interrupts of each VTL and what they do to the active one (facts/vsm.md 1.12): an interrupt for a higher VTL switches to it at
 * once whatever RFLAGS.IF says, unless that VTL's task priority holds it back; one for a lower VTL waits, and VINA tells the
 * active VTL of it.
 */
import { decodeFields, PendingException } from './bit-layouts.js';
import { Vector } from './constants.js';
import type { HypervisorEvent } from './event-log.js';
import { deliverableVector, endInterrupt, requestVector, takeVector } from './local-apic.js';
import type { GuestEvent } from './outcomes.js';
import { RegisterName } from './register-names.js';
import { type HypervisorState, log } from './state.js';
import { isEnabled, readArchitectural, type VirtualProcessor, vtlOf } from './virtual-processor.js';
import { assertVina } from './vp-assist-page.js';
import { enterVtl } from './vtl-switch.js';

const RFLAGS_IF = 0x200n;
/** Vectors below are the processor's own: an APIC refuses them. */
export const FIRST_INTERRUPT_VECTOR = 16;

type Source = Extract<HypervisorEvent, { kind: 'interrupt' }>['source'];

const deliverable = (vp: VirtualProcessor, vtl: number): number =>
  deliverableVector(vtlOf(vp, vtl).apic, Number(readArchitectural(vp, vtl, RegisterName.Cr8)));

const isPending = (vp: VirtualProcessor, vtl: number): boolean => vtlOf(vp, vtl).apic.nmi || deliverable(vp, vtl) >= 0;

/** Pending, and the VTL would take it at once if it ran: its own IF counts here. */
const isReady = (vp: VirtualProcessor, vtl: number): boolean =>
  vtlOf(vp, vtl).apic.nmi ||
  (deliverable(vp, vtl) >= 0 && (readArchitectural(vp, vtl, RegisterName.Rflags) & RFLAGS_IF) !== 0n);

const raiseVina = (state: HypervisorState, vp: VirtualProcessor): void => {
  const active = vtlOf(vp, vp.activeVtl);
  const waiting = vp.vtls.some((_, vtl) => vtl < vp.activeVtl && isReady(vp, vtl));
  const vina = waiting ? assertVina(active) : undefined;
  if (vina === undefined) return;
  requestVector(active.apic, vina.vector, vina.autoEoi);
  log(state, {
    kind: 'interrupt',
    vp: vp.index,
    vtl: vp.activeVtl,
    vector: vina.vector,
    step: 'requested',
    source: 'vina',
  });
};

/** Enters the highest VTL that has an interrupt pending, then sees to VINA. After anything that may have changed either; a VP that does not run waits. */
export const evaluateInterrupts = (state: HypervisorState, vp: VirtualProcessor): void => {
  if (vp.startedVtls === 0) return;
  for (let vtl = vp.vtls.length - 1; vtl > vp.activeVtl; vtl--) {
    if (isEnabled(vp, vtl) && isPending(vp, vtl)) enterVtl(state, vp, vtl, 'interrupt');
  }
  raiseVina(state, vp);
};

/**
 * An interrupt for a VTL of a VP. One for a VTL the VP does not have is ignored, and logged as such.
 * @param vector 16 … 255, or 2 with source `nmi`
 */
export const requestInterrupt = (
  state: HypervisorState,
  vp: VirtualProcessor,
  vtl: number,
  vector: number,
  source: Source,
  autoEoi = false,
): void => {
  const { apic } = vtlOf(vp, vtl);
  const enabled = isEnabled(vp, vtl);
  const event = { kind: 'interrupt', vp: vp.index, vtl, vector, source } as const;
  log(state, { ...event, step: enabled ? 'requested' : 'ignored' });
  if (!enabled) return;
  if (source === 'nmi') apic.nmi = true;
  else requestVector(apic, vector, autoEoi);
  evaluateInterrupts(state, vp);
};

const takeException = (vp: VirtualProcessor): GuestEvent | null => {
  const active = vtlOf(vp, vp.activeVtl);
  if (active.pendingEvent === 0n) return null;
  const { vector, deliverErrorCode, errorCode } = decodeFields(PendingException, active.pendingEvent);
  const parameter = active.pendingEvent >> 64n;
  active.pendingEvent = 0n;
  return { kind: 'exception', vector, errorCode: deliverErrorCode === 1 ? errorCode : null, parameter };
};

/**
 * What the processor dispatches before the active VTL's next instruction: an exception that was injected, an NMI, or an interrupt
 * its priority and RFLAGS.IF let through. It counts as dispatched.
 */
export const takeEvent = (state: HypervisorState, vp: VirtualProcessor): GuestEvent | null => {
  // What the guest wrote since may matter: VinaStatus in its assist page, VINA's register, a lower VTL's RFLAGS.
  evaluateInterrupts(state, vp);
  const exception = takeException(vp);
  if (exception !== null) return exception;
  const vtl = vp.activeVtl;
  const { apic } = vtlOf(vp, vtl);
  if (!isReady(vp, vtl)) return null;
  const { nmi } = apic;
  const vector = nmi ? Vector.NMI : deliverable(vp, vtl);
  if (nmi) apic.nmi = false;
  else takeVector(apic, vector);
  log(state, { kind: 'interrupt', vp: vp.index, vtl, vector, step: 'taken', source: nmi ? 'nmi' : 'apic' });
  return nmi ? { kind: 'nmi' } : { kind: 'interrupt', vector };
};

/** The active VTL ends the interrupt it has in service. It does not clear VINA (facts/vsm.md 1.12). */
export const signalEnd = (state: HypervisorState, vp: VirtualProcessor): void => {
  const vtl = vp.activeVtl;
  const vector = endInterrupt(vtlOf(vp, vtl).apic);
  if (vector >= 0) log(state, { kind: 'interrupt', vp: vp.index, vtl, vector, step: 'ended', source: 'apic' });
  evaluateInterrupts(state, vp);
};
