/** A VTL's synthetic interrupt controller: sources and message slots (facts/vsm.md 1.12, 1.13 and source O). */
import { decodeFields, encodeFields, PageMsr, Sint } from './bit-layouts.js';
import { PAGE_SIZE } from './constants.js';

/** Bytes of a message slot, of its header, and the most a payload has (facts/vsm.md 1.13). */
export const MESSAGE_SIZE = 256;
export const MESSAGE_HEADER_SIZE = 16;
/** Messages about intercepts go to this source. */
export const INTERCEPT_SINT = 0;

const SINT_COUNT = 16;
const FLAGS_OFFSET = 5;
const MESSAGE_PENDING = 1;

export interface Synic {
  scontrol: bigint;
  siefp: bigint;
  simp: bigint;
  readonly sints: bigint[];
  /** The message page: what the guest sees where SIMP puts it. */
  readonly messages: Uint8Array;
  readonly events: Uint8Array;
}

/** After reset every source is masked. */
export const createSynic = (): Synic => ({
  scontrol: 0n,
  siefp: 0n,
  simp: 0n,
  sints: Array.from({ length: SINT_COUNT }, () => encodeFields(Sint, { masked: 1 })),
  messages: new Uint8Array(PAGE_SIZE),
  events: new Uint8Array(PAGE_SIZE),
});

/** How a message fared: posted with the interrupt to request, or why it could not be. */
export type Posting =
  | { readonly posted: true; readonly vector: number; readonly autoEoi: boolean }
  | { readonly posted: false; readonly reason: 'synic-off' | 'source-masked' | 'slot-in-use' };

/**
 * Puts a message into a source's slot. A slot in use is marked `message pending` and the message is dropped: the VP that caused it
 * has not moved on and will cause it again (facts/vsm.md 1.13). What the facts leave open is decided here: without SCONTROL and SIMP
 * enabled nothing is posted.
 * @param source 0 … 15
 */
export const postMessage = (synic: Synic, source: number, message: Uint8Array): Posting => {
  if ((synic.scontrol & 1n) === 0n || decodeFields(PageMsr, synic.simp).enabled === 0) {
    return { posted: false, reason: 'synic-off' };
  }
  const { vector, masked, autoEoi } = decodeFields(Sint, synic.sints[source] as bigint);
  if (masked === 1) return { posted: false, reason: 'source-masked' };
  const slot = new DataView(synic.messages.buffer, synic.messages.byteOffset + source * MESSAGE_SIZE, MESSAGE_SIZE);
  if (slot.getUint32(0, true) !== 0) {
    slot.setUint8(FLAGS_OFFSET, slot.getUint8(FLAGS_OFFSET) | MESSAGE_PENDING);
    return { posted: false, reason: 'slot-in-use' };
  }
  synic.messages.fill(0, source * MESSAGE_SIZE, (source + 1) * MESSAGE_SIZE);
  synic.messages.set(message, source * MESSAGE_SIZE);
  return { posted: true, vector, autoEoi: autoEoi === 1 };
};
