/** IMAGE_ENCLAVE_CONFIG: what makes a DLL a VBS enclave (facts/nt.md 5.5; winnt.h's structures). */
import { namedBits } from '../layout/named-bits.js';
import { Damage, type Diagnoses, hex } from './damage.js';
import type { FileBytes } from './file-bytes.js';
import type { ImageMemory } from './image-memory.js';
import { PE_LIMITS } from './limits.js';
import type { PeLoadConfig } from './load-config.js';
import type { EnclaveConfiguration, EnclaveImport } from './report.js';

const IMPORT_BYTES = 80;
const MATCHES = ['none', 'unique', 'author', 'family', 'image'] as const;
const POLICY_FLAGS = { DEBUGGABLE: 1, STRICT_MEMORY: 2 } as const;
const ENCLAVE_FLAGS = { PRIMARY_IMAGE: 1 } as const;

/** Offsets that differ between the two forms; the flags' is also the least size there is. */
const FORMS = { 32: { threads: 68, flags: 72 }, 64: { threads: 72, flags: 76 } } as const;

const hexOf = (view: DataView, at: number, length: number): string =>
  Buffer.from(view.buffer, view.byteOffset + at, length).toString('hex');

interface ImportList {
  /** Of the configuration, in the file. */
  readonly offset: number;
  readonly size: number;
  readonly rva: number;
  readonly count: number;
  readonly stride: number;
}

const readImport = (file: FileBytes, memory: ImageMemory, notes: Diagnoses, offset: number): EnclaveImport => {
  const view = file.view(offset, IMPORT_BYTES, 'an enclave import');
  const match = view.getUint32(0, true);
  const nameRva = view.getUint32(72, true);
  const name = notes.part('enclave', () => {
    if (nameRva === 0) return null;
    const place = memory.locate(nameRva, 1, offset + 72, 'The name of an enclave import');
    return file.text(place.offset, place.end, 'latin1', `The name at ${hex(place.offset)}`);
  });
  return {
    name,
    match: MATCHES[match] ?? `unknown(${match})`,
    minimumSecurityVersion: view.getUint32(4, true),
    uniqueOrAuthorId: hexOf(view, 8, 32),
    familyId: hexOf(view, 40, 16),
    imageId: hexOf(view, 56, 16),
  };
};

const readImports = (file: FileBytes, memory: ImageMemory, notes: Diagnoses, list: ImportList): EnclaveImport[] => {
  const { offset, size, rva, count, stride } = list;
  if (count === 0) return [];
  if (stride < IMPORT_BYTES) {
    throw new Damage(
      'malformed',
      offset + 20,
      `Its imports are said to have ${stride} bytes each; ${IMPORT_BYTES} are the least.`,
    );
  }
  const capped = Math.min(count, PE_LIMITS.enclaveImports);
  if (capped < count) {
    notes.note('enclave', 'too-many', offset + 12, `It announces ${count} imports; ${capped} of them were read.`);
  }
  const place = memory.locate(rva, IMPORT_BYTES, offset + 16, 'The list of enclave imports');
  if (place.offset < offset + size && offset < place.offset + IMPORT_BYTES) {
    throw new Damage(
      'self-reference',
      offset + 16,
      'The list of enclave imports lies in the configuration that names it.',
    );
  }
  const imports: EnclaveImport[] = [];
  for (let index = 0; index < capped; index += 1) {
    const at = place.offset + index * stride;
    if (at + IMPORT_BYTES > place.end) {
      notes.note('enclave', 'out-of-range', offset + 12, `Of ${count} imports, ${index} lie in their section.`);
      break;
    }
    imports.push(readImport(file, memory, notes, at));
  }
  return imports;
};

/** Named bits of a flag word, and the word. */
const flags = <M extends Readonly<Record<string, number>>>(
  raw: number,
  masks: M,
): { readonly raw: number } & { readonly [Name in keyof M]: boolean } => ({ raw, ...namedBits(raw, masks) });

const readConfiguration = (
  file: FileBytes,
  memory: ImageMemory,
  notes: Diagnoses,
  address: bigint,
  at: number,
  bits: 32 | 64,
): EnclaveConfiguration => {
  const form = FORMS[bits];
  const rva = memory.rvaOf(address, at, 'The enclave configuration');
  const { offset, end } = memory.locate(rva, 8, at, 'The enclave configuration');
  const size = file.u32(offset, 'the enclave configuration');
  if (size < form.flags) {
    throw new Damage(
      'malformed',
      offset,
      `The enclave configuration says that it has ${size} bytes; ${form.flags} are the least.`,
    );
  }
  const length = Math.min(size, form.flags + 4, end - offset);
  if (length < form.flags) {
    throw new Damage(
      'out-of-range',
      at,
      `The enclave configuration takes ${size} bytes, and its section has ${end - offset} there.`,
    );
  }
  const view = file.view(offset, length, 'the enclave configuration');
  const list = {
    offset,
    size,
    count: view.getUint32(12, true),
    rva: view.getUint32(16, true),
    stride: view.getUint32(20, true),
  };
  return {
    offset,
    size,
    minimumRequiredConfigSize: view.getUint32(4, true),
    policyFlags: flags(view.getUint32(8, true), POLICY_FLAGS),
    familyId: hexOf(view, 24, 16),
    imageId: hexOf(view, 40, 16),
    imageVersion: view.getUint32(56, true),
    securityVersion: view.getUint32(60, true),
    enclaveSize: bits === 64 ? view.getBigUint64(64, true) : BigInt(view.getUint32(64, true)),
    numberOfThreads: view.getUint32(form.threads, true),
    enclaveFlags: length < form.flags + 4 ? null : flags(view.getUint32(form.flags, true), ENCLAVE_FLAGS),
    imports: notes.part('enclave', () => readImports(file, memory, notes, list)) ?? [],
  };
};

/** @returns null where the load configuration names none, or where it is damaged */
export const readEnclaveConfiguration = (
  file: FileBytes,
  memory: ImageMemory,
  notes: Diagnoses,
  loadConfig: PeLoadConfig | null,
  bits: 32 | 64,
): EnclaveConfiguration | null => {
  const address = loadConfig?.enclaveConfiguration ?? 0n;
  if (loadConfig === null || address === 0n) return null;
  return notes.part('enclave', () =>
    readConfiguration(file, memory, notes, address, loadConfig.enclaveConfigurationAt, bits),
  );
};
