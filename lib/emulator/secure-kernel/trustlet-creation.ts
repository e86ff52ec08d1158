/** NT starts a trustlet from an image's bytes (facts/vsm.md 3.6): its pages go to the secure kernel by their numbers. */
import { readProperties, requireObject, show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { isSuccess, Status } from '../../ntstatus.js';
import { NT_SECURE_CALL_BUFFER } from '../boot/physical-layout.js';
import { requireBuffer } from '../call-arguments.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import { requireFreeLabel } from '../nt/labelled.js';
import { tryStartProcess } from '../nt/life-cycle.js';
import type { NtSystem } from '../nt/system.js';
import { pageAddress } from './exchange.js';

/** A trustlet to start. */
export interface TrustletCreation {
  readonly label: string;
  /** The image's bytes, signature included: at most 4 MiB. */
  readonly image: Uint8Array;
  /** The identity attribute: the trustlet ID its creator claims. Default: the image's own. */
  readonly trustletId?: number | bigint | undefined;
  /** 16 bytes in hexadecimal. Default: random, by the secure kernel. */
  readonly instance?: string | undefined;
  /** 16 bytes in hexadecimal: shares secure storage with other instances of the trustlet. */
  readonly collaborationId?: string | undefined;
  /** 16 bytes in hexadecimal: who holds it empties the trustlet's mailbox. Default: it has none. */
  readonly mailboxKey?: string | undefined;
}

export interface CreatedTrustlet {
  /** NTSTATUS. */
  readonly status: number;
  /** null unless it was created. */
  readonly pid: number | null;
}

const MAX_IMAGE_BYTES = 1024 * PAGE_SIZE;

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const requireIdentifier = (name: string, value: unknown): string | null => {
  if (value === undefined) return null;
  if (typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)) return value;
  throw argumentError(`${name} must be 16 bytes in lower-case hexadecimal; got ${show(value)}.`);
};

const requireTrustletId = (value: unknown): bigint | null => {
  if (value === undefined) return null;
  if (typeof value === 'bigint' && value === BigInt.asUintN(64, value)) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw argumentError(`trustletId must be a whole number of 64 bits; got ${show(value)}.`);
};

interface Creation {
  readonly label: string;
  readonly image: Uint8Array;
  readonly trustletId: bigint | null;
  readonly instance: string | null;
  readonly collaborationId: string | null;
  readonly mailboxKey: string | null;
}

const readCreation = (given: unknown): Creation => {
  requireObject('the trustlet to create', given);
  const read = readProperties('the trustlet to create', given, [
    'label',
    'image',
    'trustletId',
    'instance',
    'collaborationId',
    'mailboxKey',
  ]);
  const { label } = read;
  if (typeof label !== 'string' || label === '') throw argumentError(`A process needs a label; got ${show(label)}.`);
  const image = requireBuffer('image', read.image as Uint8Array);
  if (image.length === 0 || image.length > MAX_IMAGE_BYTES) {
    throw argumentError(`An image has 1 to ${MAX_IMAGE_BYTES} bytes here; got ${image.length}.`);
  }
  return {
    label,
    image,
    trustletId: requireTrustletId(read.trustletId),
    instance: requireIdentifier('instance', read.instance),
    collaborationId: requireIdentifier('collaborationId', read.collaborationId),
    mailboxKey: requireIdentifier('mailboxKey', read.mailboxKey),
  };
};

/** @returns NTSTATUS and the image's handle */
const createImage = (system: NtSystem, label: string, image: Uint8Array) => {
  const { memory, secureKernel } = system;
  const count = Math.ceil(image.length / PAGE_SIZE);
  const pages = Array.from({ length: count }, () => memory.takePage(0));
  const list = new DataView(new ArrayBuffer(count * 8));
  pages.forEach((page, index) => {
    memory.copy(0, page, 0, image.slice(index * PAGE_SIZE, (index + 1) * PAGE_SIZE), 'write');
    list.setBigUint64(index * 8, BigInt(page), true);
  });
  const numbers = new Uint8Array(list.buffer);
  for (let at = 0; at < numbers.length; at += PAGE_SIZE) {
    memory.copy(0, NT_SECURE_CALL_BUFFER + at / PAGE_SIZE, 0, numbers.slice(at, at + PAGE_SIZE), 'write');
  }
  const args = [pageAddress(NT_SECURE_CALL_BUFFER), BigInt(count), BigInt(image.length)];
  const { status, results } = secureKernel.ask('CREATE_SECURE_IMAGE', args, label);
  memory.releasePages(pages, 0);
  return { status, handle: results[0] ?? 0n };
};

/**
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for arguments that are none, ERR_TRUSTLET_UNSUPPORTED for a machine without VSM,
 * ERR_TRUSTLET_BACKEND once it is down
 */
export const createTrustlet = (system: NtSystem, given: TrustletCreation): CreatedTrustlet => {
  const { label, image, trustletId, ...attributes } = readCreation(given);
  requireFreeLabel(system, label, null);
  system.requireRunning();
  if (!system.secureKernel.isThere) return { status: Status.NOT_SUPPORTED, pid: null };
  const created = createImage(system, label, image);
  if (!isSuccess(created.status)) return { status: created.status, pid: null };
  // NT reads it in the file, as it may; what counts is what the secure kernel has read.
  const id = trustletId ?? system.state.secureKernel.images.get(created.handle)?.applicationId ?? 0n;
  const entry = { label, image: `${label}.exe`, trustlet: { id: Number(id) } };
  const start = { image: created.handle, attributes: { ...attributes, trustletId: id } };
  const { process, status } = tryStartProcess(system, entry, null, [], start);
  return { status, pid: isSuccess(status) ? process.pid : null };
};
