/** Words and their fields (facts/vsm.md 1.2, 1.5 and 1.7). A layout lists fields from bit 0 up; the bits between are reserved. */

/** First bit and width of a field. */
export type Field = readonly [first: number, width: number];
export type Layout = Readonly<Record<string, Field>>;
/** One number for each field, a single bit too: 0 or 1. */
export type Fields<L extends Layout> = { readonly [Name in keyof L]: number };

const maskOf = (width: number): bigint => (1n << BigInt(width)) - 1n;

interface FieldOfWord {
  readonly name: string;
  readonly shift: bigint;
  readonly mask: bigint;
}

/** Worked out once for each layout: hypercalls decode on every execution. */
const fieldsByLayout = new WeakMap<Layout, readonly FieldOfWord[]>();

const fieldsOf = (layout: Layout): readonly FieldOfWord[] => {
  const known = fieldsByLayout.get(layout);
  if (known !== undefined) return known;
  const fields = Object.entries(layout).map(([name, [first, width]]) => ({
    name,
    shift: BigInt(first),
    mask: maskOf(width),
  }));
  fieldsByLayout.set(layout, fields);
  return fields;
};

/** Reads every field of a word. */
export const decodeFields = <L extends Layout>(layout: L, word: bigint): Fields<L> => {
  const decoded: Record<string, number> = {};
  for (const { name, shift, mask } of fieldsOf(layout)) decoded[name] = Number((word >> shift) & mask);
  return decoded as Fields<L>;
};

/** Builds a word; fields left out are 0, and a value too wide for its field is cut. */
export const encodeFields = <L extends Layout>(layout: L, values: Partial<Fields<L>>): bigint => {
  let word = 0n;
  for (const { name, shift, mask } of fieldsOf(layout)) word |= (BigInt(values[name] ?? 0) & mask) << shift;
  return word;
};

/** Whether a word has bits that no field of the layout covers. */
export const hasReservedBits = (layout: Layout, word: bigint): boolean => {
  let covered = 0n;
  for (const { shift, mask } of fieldsOf(layout)) covered |= mask << shift;
  return (word & ~covered) !== 0n;
};

const layout = <L extends Layout>(fields: L): L => fields;

/** The hypercall control word. */
export const Control: {
  readonly code: Field;
  readonly fast: Field;
  readonly variableHeaderQwords: Field;
  readonly nested: Field;
  readonly repCount: Field;
  readonly repStart: Field;
} = layout({
  code: [0, 16],
  fast: [16, 1],
  variableHeaderQwords: [17, 10],
  nested: [31, 1],
  repCount: [32, 12],
  repStart: [48, 12],
});

/** The hypercall result. */
export const CallResult: { readonly status: Field; readonly repsCompleted: Field } = layout({
  status: [0, 16],
  repsCompleted: [32, 12],
});

/** HV_INPUT_VTL. */
export const InputVtl: { readonly targetVtl: Field; readonly useTargetVtl: Field } = layout({
  targetVtl: [0, 4],
  useTargetVtl: [4, 1],
});

export const VsmPartitionStatus: {
  readonly enabledVtlSet: Field;
  readonly maximumVtl: Field;
  readonly mbecEnabledVtlSet: Field;
} = layout({ enabledVtlSet: [0, 16], maximumVtl: [16, 4], mbecEnabledVtlSet: [20, 16] });

export const VsmVpStatus: {
  readonly activeVtl: Field;
  readonly activeMbecEnabled: Field;
  readonly enabledVtlSet: Field;
} = layout({ activeVtl: [0, 4], activeMbecEnabled: [4, 1], enabledVtlSet: [16, 16] });

/** The fields a profile accepts: bits 6:0. The others of facts/vsm.md 1.7 are refused by OpenHCL (1.14). */
export const VsmPartitionConfig: {
  readonly enableVtlProtection: Field;
  readonly defaultVtlProtectionMask: Field;
  readonly zeroMemoryOnReset: Field;
  readonly denyLowerVtlStartup: Field;
} = layout({
  enableVtlProtection: [0, 1],
  defaultVtlProtectionMask: [1, 4],
  zeroMemoryOnReset: [5, 1],
  denyLowerVtlStartup: [6, 1],
});

/** Bits 2 and 3, shadow stacks and HVPT, are left out of the emulation and refused (facts/vsm.md 1.14). */
export const VsmVpSecureConfig: { readonly mbecEnabled: Field; readonly tlbLocked: Field } = layout({
  mbecEnabled: [0, 1],
  tlbLocked: [1, 1],
});

export const VsmCapabilities: {
  readonly dr6Shared: Field;
  readonly mbecVtlMask: Field;
  readonly denyLowerVtlStartup: Field;
} = layout({ dr6Shared: [0, 1], mbecVtlMask: [1, 16], denyLowerVtlStartup: [17, 1] });

/** Conflict C1: the table of the TLFS counts bits from the other end (facts/vsm.md 0.1). */
export const VsmCapabilitiesMsbFirst: typeof VsmCapabilities = layout({
  dr6Shared: [63, 1],
  mbecVtlMask: [47, 16],
  denyLowerVtlStartup: [46, 1],
});

export const VsmCodePageOffsets: { readonly vtlCallOffset: Field; readonly vtlReturnOffset: Field } = layout({
  vtlCallOffset: [0, 12],
  vtlReturnOffset: [12, 12],
});

export const VsmVina: {
  readonly vector: Field;
  readonly enabled: Field;
  readonly autoReset: Field;
  readonly autoEoi: Field;
} = layout({ vector: [0, 8], enabled: [8, 1], autoReset: [9, 1], autoEoi: [10, 1] });

/** PendingEvent0 as an exception: bits 63:0; bits 127:64 are its parameter. */
export const PendingException: {
  readonly eventPending: Field;
  readonly eventType: Field;
  readonly deliverErrorCode: Field;
  readonly vector: Field;
  readonly errorCode: Field;
} = layout({
  eventPending: [0, 1],
  eventType: [1, 3],
  deliverErrorCode: [8, 1],
  vector: [16, 16],
  errorCode: [32, 32],
});

/** A synthetic interrupt source (facts/vsm.md source O). */
export const Sint: { readonly vector: Field; readonly masked: Field; readonly autoEoi: Field } = layout({
  vector: [0, 8],
  masked: [16, 1],
  autoEoi: [17, 1],
});

/** The enable bit and page number that the page MSRs share; HYPERCALL has its lock in bit 1 (facts/vsm.md 1.1). */
export const PageMsr: { readonly enabled: Field; readonly page: Field } = layout({ enabled: [0, 1], page: [12, 52] });
export const HypercallMsr: { readonly enabled: Field; readonly locked: Field; readonly page: Field } = layout({
  enabled: [0, 1],
  locked: [1, 1],
  page: [12, 52],
});

/** The status word of HvCallTranslateVirtualAddress's answer (facts/vsm.md 1.5). */
export const TranslationWord: { readonly resultCode: Field; readonly cacheType: Field; readonly overlayPage: Field } =
  layout({ resultCode: [0, 32], cacheType: [32, 8], overlayPage: [40, 1] });

/** One page's answer of HvCallCheckSparseGpaPageVtlAccess (facts/vsm.md 1.5). */
export const SparseAccessWord: {
  readonly resultCode: Field;
  readonly deniedAccess: Field;
  readonly interceptingVtl: Field;
} = layout({ resultCode: [0, 8], deniedAccess: [8, 8], interceptingVtl: [16, 4] });

/** HV_FLUSH_FLAGS (facts/vsm.md 1.5). */
export const FlushFlags: {
  readonly allProcessors: Field;
  readonly allSpaces: Field;
  readonly nonGlobalOnly: Field;
  readonly extendedRanges: Field;
  readonly useTargetVtl: Field;
  readonly targetVtl0: Field;
  readonly targetVtl1: Field;
} = layout({
  allProcessors: [0, 1],
  allSpaces: [1, 1],
  nonGlobalOnly: [2, 1],
  extendedRanges: [3, 1],
  useTargetVtl: [4, 1],
  targetVtl0: [8, 1],
  targetVtl1: [9, 1],
});

/** HV_INTERRUPT_CONTROL of HvCallAssertVirtualInterrupt (facts/vsm.md source O). */
export const InterruptControl: {
  readonly type: Field;
  readonly levelTriggered: Field;
  readonly logicalDestination: Field;
} = layout({ type: [0, 32], levelTriggered: [32, 1], logicalDestination: [33, 1] });

/** The interrupt command register in x2APIC form. */
export const InterruptCommand: {
  readonly vector: Field;
  readonly mode: Field;
  readonly logicalDestination: Field;
  readonly shorthand: Field;
  readonly destination: Field;
} = layout({
  vector: [0, 8],
  mode: [8, 3],
  logicalDestination: [11, 1],
  shorthand: [18, 2],
  destination: [32, 32],
});

/** Attributes of a segment register value (facts/vsm.md 1.5 InitialVpContext). */
export const SegmentValue: {
  readonly selector: Field;
  readonly type: Field;
  /** Set for code and data. */
  readonly codeOrData: Field;
  readonly privilege: Field;
  readonly present: Field;
} = layout({ selector: [96, 16], type: [112, 4], codeOrData: [116, 1], privilege: [117, 2], present: [119, 1] });
