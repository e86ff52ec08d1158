/**
 * Whose semantics a partition follows where sources disagree. A profile is a value for each switch below and a column of the
 * failure matrix. `openhcl` is OpenHCL as its source reads and the default; `kvm` is the KVM fork's tests; `tlfs` is the text of
 * the TLFS. None was observed on Windows (facts/vsm.md 0.1).
 */
import { show } from '../../arguments.js';
import { misuse } from '../memory/page-numbers.js';
import type { CallNumbering } from './call-codes.js';
import { HvStatus } from './hv-status.js';

export type ProfileName = 'openhcl' | 'tlfs' | 'kvm';

/** A conflict between sources, and the switch that decides it. */
export interface Conflict {
  readonly id: string;
  readonly switch: keyof ProfileSwitches;
  readonly subject: string;
}

/** C1 to C9 of facts/vsm.md 0.1. C2, C6 and C8 decide rows of the failure matrix. */
export const conflicts: readonly Conflict[] = [
  { id: 'C1', switch: 'capabilityBits', subject: 'from which end VsmCapabilities counts its bits' },
  {
    id: 'C2',
    switch: 'protectionTarget',
    subject: 'the VTL that ModifyVtlProtectionMask names: the one that imposes the protection, or the one it restricts',
  },
  { id: 'C3', switch: 'crossingPage', subject: 'the answer to an input or output that crosses a page' },
  {
    id: 'C4',
    switch: 'noRegisters',
    subject: 'a Get- or SetVpRegisters with no names: refused as any rep call without reps, or a success',
  },
  {
    id: 'C5',
    switch: 'registerElements',
    subject: 'elements of SetVpRegisters: name and value side by side, or all names and then all values',
  },
  {
    id: 'C6',
    switch: 'defaultMaskChange',
    subject: 'a new DefaultVtlProtectionMask once protection is enabled: refused, or a success that changes nothing',
  },
  {
    id: 'C7',
    switch: 'returnAdvancesRip',
    subject: 'whether a VTL return always moves the returning VTL past its instruction, or only if it had been called',
  },
  { id: 'C8', switch: 'secondEnable', subject: 'the answer to enabling a VTL for a partition again' },
  { id: 'C9', switch: 'callNumbering', subject: 'the numbers of ModifyVtlProtectionMask and StartVirtualProcessor' },
];

/** The conflicts' switches, and one more; what each is about is in `conflicts`. */
export interface ProfileSwitches {
  readonly capabilityBits: 'lsb-first' | 'msb-first';
  readonly protectionTarget: 'owner' | 'restricted';
  readonly crossingPage: 'INVALID_HYPERCALL_INPUT' | 'INVALID_ALIGNMENT';
  readonly noRegisters: 'refused' | 'success';
  readonly registerElements: 'interleaved' | 'names-first';
  readonly defaultMaskChange: 'refused' | 'ignored';
  readonly returnAdvancesRip: 'always' | 'after-call';
  readonly secondEnable: 'INVALID_VTL_STATE' | 'INVALID_PARAMETER';
  readonly callNumbering: CallNumbering;
  /** Beside C1 to C9: whether a memory intercept's message ends with the general registers (facts/vsm.md 1.13). */
  readonly memoryInterceptRegisters: 'absent' | 'appended';
}

/** What each switch takes. */
const switchValues: { readonly [Name in keyof ProfileSwitches]: readonly ProfileSwitches[Name][] } = {
  capabilityBits: ['lsb-first', 'msb-first'],
  protectionTarget: ['owner', 'restricted'],
  crossingPage: ['INVALID_HYPERCALL_INPUT', 'INVALID_ALIGNMENT'],
  noRegisters: ['refused', 'success'],
  registerElements: ['interleaved', 'names-first'],
  defaultMaskChange: ['refused', 'ignored'],
  returnAdvancesRip: ['always', 'after-call'],
  secondEnable: ['INVALID_VTL_STATE', 'INVALID_PARAMETER'],
  callNumbering: ['tlfs', 'third-party'],
  memoryInterceptRegisters: ['absent', 'appended'],
};

export interface Profile extends ProfileSwitches {
  /** The column of the failure matrix. */
  readonly name: ProfileName;
}

const openhcl: Profile = {
  name: 'openhcl',
  capabilityBits: 'lsb-first',
  protectionTarget: 'owner',
  crossingPage: 'INVALID_HYPERCALL_INPUT',
  noRegisters: 'refused',
  registerElements: 'interleaved',
  defaultMaskChange: 'refused',
  returnAdvancesRip: 'always',
  secondEnable: 'INVALID_VTL_STATE',
  callNumbering: 'tlfs',
  memoryInterceptRegisters: 'absent',
};

/** Every profile by its name. */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  openhcl,
  tlfs: {
    ...openhcl,
    name: 'tlfs',
    capabilityBits: 'msb-first',
    crossingPage: 'INVALID_ALIGNMENT',
    returnAdvancesRip: 'after-call',
  },
  kvm: {
    ...openhcl,
    name: 'kvm',
    protectionTarget: 'restricted',
    noRegisters: 'success',
    registerElements: 'names-first',
    defaultMaskChange: 'ignored',
    secondEnable: 'INVALID_PARAMETER',
    memoryInterceptRegisters: 'appended',
  },
};

/**
 * A profile, some of its switches set otherwise.
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a profile, switch or value that there is not
 */
export const resolveProfile = (name: ProfileName = 'openhcl', switches: Partial<ProfileSwitches> = {}): Profile => {
  if (!Object.hasOwn(profiles, name)) {
    throw misuse(`A profile is 'openhcl', 'tlfs' or 'kvm'; got ${show(name)}.`);
  }
  for (const [given, value] of Object.entries(switches)) requireSwitch(given, value);
  return { ...profiles[name], ...switches };
};

const requireSwitch = (name: string, value: string): void => {
  const found = Object.entries<readonly string[]>(switchValues).find(([known]) => known === name);
  if (found === undefined) {
    throw misuse(`There is no switch ${show(name)}; there are ${Object.keys(switchValues).join(', ')}.`);
  }
  const [, values] = found;
  if (!values.includes(value)) throw misuse(`The switch ${name} takes ${values.join(' or ')}; got ${show(value)}.`);
};

/** C3 as a status. */
export const crossingPageStatus = (profile: Profile): number => HvStatus[profile.crossingPage];
