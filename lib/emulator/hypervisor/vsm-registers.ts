/**
 * The registers that are VSM's own, for HvCallGetVpRegisters and HvCallSetVpRegisters (facts/vsm.md 1.6, 1.7, 1.14). Each has the
 * rows of the failure matrix that refuse it, how it is read, and how it is written.
 */
import { isValidDefaultMask } from '../memory/rights.js';
import { setDefaultMask } from '../memory/slat.js';
import {
  decodeFields,
  encodeFields,
  type Fields,
  hasReservedBits,
  PendingException,
  VsmCapabilities,
  VsmCapabilitiesMsbFirst,
  VsmCodePageOffsets,
  VsmPartitionConfig,
  VsmPartitionStatus,
  VsmVina,
  VsmVpSecureConfig,
  VsmVpStatus,
} from './bit-layouts.js';
import { MASK_64, MASK_128 } from './constants.js';
import type { FailureId } from './failure-matrix.js';
import { STUBS_32, STUBS_64 } from './hypercall-page.js';
import { SUPPORTED_CR_INTERCEPTS } from './intercepts.js';
import { canPlacePage, writeAssistMsr } from './overlays.js';
import { partitionVtl } from './partition.js';
import { RegisterName } from './register-names.js';
import { getRegister, type HypervisorState, maximumVtl } from './state.js';
import {
  type CrIntercepts,
  isEnabled,
  isMbecEnabled,
  secureConfigOf,
  type VirtualProcessor,
  vtlOf,
} from './virtual-processor.js';

/** A register of a VTL on a VP, and the VTL that asks for it. */
export interface RegisterPlace {
  readonly state: HypervisorState;
  readonly vp: VirtualProcessor;
  /** The VTL whose register it is. */
  readonly vtl: number;
  readonly caller: number;
}

/** Conditions and the rows they belong to. */
type Checks = readonly (readonly [FailureId, boolean])[];

export interface VsmRegister {
  /** Refusals of reading and writing. */
  readonly checks: (place: RegisterPlace) => Checks;
  readonly read: (place: RegisterPlace) => bigint;
  /** Refusals of a value; a register without `write` is read-only. */
  readonly valueChecks?: (place: RegisterPlace, value: bigint) => Checks;
  readonly write?: (place: RegisterPlace, value: bigint) => void;
}

const none = (): Checks => [];
const EFER_LMA = 1n << 10n;
const VTL1 = 1;

/** VsmPartitionStatus of a partition. */
const partitionStatus = (state: HypervisorState): bigint =>
  encodeFields(VsmPartitionStatus, {
    enabledVtlSet: state.partition.enabledVtls,
    maximumVtl: maximumVtl(state),
    mbecEnabledVtlSet: state.partition.mbecVtls,
  });

/** VsmCapabilities; conflict C1 decides from which end bits are counted. */
export const capabilities = ({ features, profile }: HypervisorState): bigint =>
  encodeFields(profile.capabilityBits === 'lsb-first' ? VsmCapabilities : VsmCapabilitiesMsbFirst, {
    dr6Shared: features.dr6Shared ? 1 : 0,
    mbecVtlMask: features.mbec ? 1 : 0,
    denyLowerVtlStartup: 1,
  });

const codePageOffsets = ({ state, vp, vtl }: RegisterPlace): bigint => {
  const longMode = (getRegister(state, vp, vtl, RegisterName.Efer) & EFER_LMA) !== 0n;
  return encodeFields(VsmCodePageOffsets, longMode ? STUBS_64 : STUBS_32);
};

const vpStatus = ({ vp }: RegisterPlace): bigint =>
  encodeFields(VsmVpStatus, {
    activeVtl: vp.activeVtl,
    activeMbecEnabled: isMbecEnabled(vp, vp.activeVtl) ? 1 : 0,
    enabledVtlSet: vp.enabledVtls,
  });

type ConfigFields = Fields<typeof VsmPartitionConfig>;

/** What a write of VsmPartitionConfig leaves: where a profile accepts a forbidden change, the old value (facts/vsm.md 1.14, C6). */
const configAfter = (old: ConfigFields, wanted: ConfigFields): ConfigFields => {
  if (old.enableVtlProtection === 0) return wanted;
  const { enableVtlProtection, defaultVtlProtectionMask } = old;
  return { ...wanted, enableVtlProtection, defaultVtlProtectionMask };
};

const isBadMask = ({ state }: RegisterPlace, { defaultVtlProtectionMask }: ConfigFields): boolean =>
  !isValidDefaultMask(defaultVtlProtectionMask, (state.partition.mbecVtls & 1) !== 0);

const configFields = ({ state, vtl }: RegisterPlace): ConfigFields =>
  decodeFields(VsmPartitionConfig, partitionVtl(state.partition, vtl).config);

const partitionConfig: VsmRegister = {
  checks: ({ vtl }) => [['config-not-vtl1', vtl !== VTL1]],
  read: ({ state, vtl }) => partitionVtl(state.partition, vtl).config,
  valueChecks: (place, value) => {
    const old = configFields(place);
    const wanted = decodeFields(VsmPartitionConfig, value);
    const enabled = old.enableVtlProtection === 1;
    return [
      ['config-bad-bits', hasReservedBits(VsmPartitionConfig, value)],
      ['config-cleared', enabled && wanted.enableVtlProtection === 0],
      ['config-bad-mask', isBadMask(place, wanted)],
      ['config-mask-changed', enabled && wanted.defaultVtlProtectionMask !== old.defaultVtlProtectionMask],
    ];
  },
  write: (place, value) => {
    const { state, vtl } = place;
    const old = configFields(place);
    const wanted = configAfter(old, decodeFields(VsmPartitionConfig, value));
    // Where a profile accepts an invalid mask it keeps the old one, as with every other forbidden change.
    const kept = isBadMask(place, wanted)
      ? { ...wanted, defaultVtlProtectionMask: old.defaultVtlProtectionMask }
      : wanted;
    partitionVtl(state.partition, vtl).config = encodeFields(VsmPartitionConfig, kept);
    if (kept.enableVtlProtection === 1) setDefaultMask(state.slat, vtl, kept.defaultVtlProtectionMask);
  },
};

const vina: VsmRegister = {
  checks: ({ vtl }) => [['registers-vina-vtl0', vtl === 0]],
  read: ({ vp, vtl }) => vtlOf(vp, vtl).vina,
  valueChecks: (_, value) => [['registers-bad-value', hasReservedBits(VsmVina, value)]],
  write: ({ vp, vtl }, value) => {
    vtlOf(vp, vtl).vina = value;
  },
};

/** The register belongs to the VTL that is set to watch, VTL1 (facts/vsm.md 1.7). */
const crIntercept = (field: keyof CrIntercepts): VsmRegister => ({
  checks: ({ vp, vtl }) => [
    ['cr-intercept-not-vtl1', vtl !== VTL1],
    ['cr-intercept-vtl-off', !isEnabled(vp, VTL1)],
  ],
  read: ({ vp, vtl }) => vtlOf(vp, vtl).crIntercepts[field],
  valueChecks: (_, value) => [
    ['cr-intercept-bad-bits', field === 'control' && (value & ~SUPPORTED_CR_INTERCEPTS) !== 0n],
  ],
  write: ({ state, vp, vtl }, value) => {
    // The KVM fork takes these registers and does nothing (facts/vsm.md 1.14).
    if (state.profile.name !== 'kvm') vtlOf(vp, vtl).crIntercepts[field] = value & MASK_64;
  },
});

const secureConfig = (target: number): VsmRegister => ({
  checks: ({ vtl }) => [['secure-config-not-above', vtl <= target]],
  read: ({ vp, vtl }) => encodeFields(VsmVpSecureConfig, secureConfigOf(vtlOf(vp, vtl), target)),
  valueChecks: ({ state }, value) => {
    const { mbecEnabled } = decodeFields(VsmVpSecureConfig, value);
    const offered = (state.partition.mbecVtls >> target) & 1;
    return [['secure-config-bad-bits', hasReservedBits(VsmVpSecureConfig, value) || mbecEnabled !== offered]];
  },
  write: ({ vp, vtl }, value) => {
    vtlOf(vp, vtl).secureConfig[target] = value;
  },
});

const pendingEvent: VsmRegister = {
  checks: ({ vtl, caller }) => [['registers-pending-event-vtl', vtl >= caller]],
  read: ({ vp, vtl }) => vtlOf(vp, vtl).pendingEvent,
  valueChecks: (_, value) => {
    const { eventPending, eventType, vector } = decodeFields(PendingException, value);
    const reserved = hasReservedBits(PendingException, value & MASK_64);
    return [['registers-bad-value', reserved || (eventPending === 1 && (eventType !== 0 || vector > 31))]];
  },
  write: ({ vp, vtl }, value) => {
    vtlOf(vp, vtl).pendingEvent = (value & 1n) === 0n ? 0n : value & MASK_128;
  },
};

const assistPage: VsmRegister = {
  checks: none,
  read: ({ vp, vtl }) => vtlOf(vp, vtl).assistMsr,
  valueChecks: ({ state }, value) => [['registers-bad-value', !canPlacePage(state, value)]],
  write: ({ state, vp, vtl }, value) => {
    writeAssistMsr(state, vp, vtl, value);
  },
};

const registers: ReadonlyMap<number, VsmRegister> = new Map<number, VsmRegister>([
  [RegisterName.VsmCodePageOffsets, { checks: none, read: codePageOffsets }],
  [RegisterName.VsmVpStatus, { checks: none, read: vpStatus }],
  [RegisterName.VsmPartitionStatus, { checks: none, read: ({ state }) => partitionStatus(state) }],
  [RegisterName.VsmCapabilities, { checks: none, read: ({ state }) => capabilities(state) }],
  [RegisterName.GuestVsmPartitionConfig, { checks: none, read: ({ state }) => BigInt(maximumVtl(state)) }],
  [RegisterName.VsmPartitionConfig, partitionConfig],
  [RegisterName.VsmVina, vina],
  [RegisterName.CrInterceptControl, crIntercept('control')],
  [RegisterName.CrInterceptCr0Mask, crIntercept('cr0Mask')],
  [RegisterName.CrInterceptCr4Mask, crIntercept('cr4Mask')],
  [RegisterName.CrInterceptIa32MiscEnableMask, crIntercept('miscEnableMask')],
  [RegisterName.PendingEvent0, pendingEvent],
  [RegisterName.VpAssistPage, assistPage],
]);

/** The register of a name that is VSM's or the hypervisor's own; undefined for any other. */
export const vsmRegister = (name: number): VsmRegister | undefined => {
  const { VsmVpSecureConfigVtl0: first, VsmVpSecureConfigVtl14: last } = RegisterName;
  return name >= first && name <= last ? secureConfig(name - first) : registers.get(name);
};

/** Names from 0x000D0000 on are VSM's: VTL0 needs the privilege AccessVsm for them (facts/vsm.md 1.14). */
export const isVsmName = (name: number): boolean => name >= 0x000d_0000 && name <= 0x000d_ffff;
