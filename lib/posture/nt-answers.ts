/** What the kernel's system-wide classes answered: the raw side of a posture (facts/nt.md 3). */
import type {
  CodeIntegrity,
  CodeIntegrityPolicy,
  Hypervisor,
  HypervisorDetail,
  IsolatedUserMode,
  KernelDebugger,
  KernelDebuggerEx,
  SecureBoot,
  SecureCore,
  VsmProtection,
} from '../layout/index.js';
import { ntstatusName } from '../ntstatus.js';
import type { PostureAnswer, PostureSource } from '../types.js';

/** One class asked: its status, and its decoded members when it answered. */
export interface NtAnswer<T> {
  readonly infoClass: number;
  readonly status: number;
  readonly value: T | null;
}

/** Every class a posture is made of. */
export interface NtAnswers {
  readonly isolatedUserMode: NtAnswer<IsolatedUserMode>;
  readonly codeIntegrity: NtAnswer<CodeIntegrity>;
  readonly codeIntegrityPolicy: NtAnswer<CodeIntegrityPolicy>;
  readonly secureBoot: NtAnswer<SecureBoot>;
  readonly vsmProtection: NtAnswer<VsmProtection>;
  readonly hypervisor: NtAnswer<Hypervisor>;
  readonly hypervisorDetail: NtAnswer<HypervisorDetail>;
  readonly kernelDebugger: NtAnswer<KernelDebugger>;
  readonly kernelDebuggerEx: NtAnswer<KernelDebuggerEx>;
  readonly secureCore: NtAnswer<SecureCore>;
}

/** One member of a class as an answer; null where the class failed or this build has no such member. */
export const memberAnswer = <T extends object>(answer: NtAnswer<T>, member: keyof T & string): PostureAnswer => {
  if (answer.value === null) {
    return { value: null, evidence: `class ${answer.infoClass} failed: ${ntstatusName(answer.status)}` };
  }
  const value = answer.value[member];
  return typeof value === 'boolean'
    ? { value, evidence: `class ${answer.infoClass} ${member}` }
    : { value: null, evidence: `class ${answer.infoClass} has no ${member} on this build` };
};

const published = (value: unknown): boolean | number | string => {
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
};

/** A class as a posture publishes it: members this build lacks are left out, 64-bit numbers are decimal strings. */
export const publishedSource = <T extends object>({ status, value }: NtAnswer<T>): PostureSource => ({
  status: status >>> 0,
  statusName: ntstatusName(status),
  values:
    value === null
      ? null
      : Object.fromEntries(
          Object.entries(value)
            .filter(([, member]) => member !== null)
            .map(([name, member]) => [name, published(member)]),
        ),
});
