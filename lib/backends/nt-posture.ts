/** Is VBS really on? Asks the kernel's system-wide classes (facts/nt.md 3); lib/posture makes a posture of what it says. */
import {
  decodeCodeIntegrity,
  decodeCodeIntegrityPolicy,
  decodeHypervisor,
  decodeHypervisorDetail,
  decodeIsolatedUserMode,
  decodeKernelDebugger,
  decodeKernelDebuggerEx,
  decodeSecureBoot,
  decodeSecureCore,
  decodeVsmProtection,
  newCodeIntegrity,
  SystemInfoClass,
} from '../layout/index.js';
import type { NtApi } from '../nt-api.js';
import { Status } from '../ntstatus.js';
import { mergePosture } from '../posture/merge.js';
import type { NtAnswer, NtAnswers } from '../posture/nt-answers.js';
import type { BackendName, Posture, PostureConfiguration } from '../types.js';
import { failureStatus, querySystemClass } from './system-class.js';

/** Who answers for the system. */
export type SystemQueries = Pick<NtApi, 'querySystemInformation' | 'version'>;

const ask = <T extends object>(
  api: SystemQueries,
  infoClass: number,
  buffers: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => T,
): NtAnswer<T> => {
  let status: number = Status.INFO_LENGTH_MISMATCH;
  for (const buffer of buffers) {
    const { status: answered, filled } = querySystemClass(api, infoClass, buffer, 1);
    if (filled) return { infoClass, status: answered, value: decode(buffer) };
    status = failureStatus(answered);
    if (status >>> 0 !== Status.INFO_LENGTH_MISMATCH) break;
  }
  return { infoClass, status, value: null };
};

const askAll = (api: SystemQueries): NtAnswers => {
  const plain = <T extends object>(infoClass: number, size: number, decode: (bytes: Uint8Array) => T): NtAnswer<T> =>
    ask(api, infoClass, [new Uint8Array(size)], decode);
  // 2, 3 or 4 bytes by build: the longest first (facts/nt.md 3.3).
  const lengths = [new Uint8Array(4), new Uint8Array(3), new Uint8Array(2)];
  return {
    isolatedUserMode: plain(SystemInfoClass.IsolatedUserMode, 16, decodeIsolatedUserMode),
    codeIntegrity: ask(api, SystemInfoClass.CodeIntegrity, [newCodeIntegrity()], decodeCodeIntegrity),
    codeIntegrityPolicy: plain(SystemInfoClass.CodeIntegrityPolicy, 32, decodeCodeIntegrityPolicy),
    secureBoot: plain(SystemInfoClass.SecureBoot, 2, decodeSecureBoot),
    vsmProtection: ask(api, SystemInfoClass.VsmProtection, lengths, decodeVsmProtection),
    hypervisor: plain(SystemInfoClass.Hypervisor, 16, decodeHypervisor),
    hypervisorDetail: plain(SystemInfoClass.HypervisorDetail, 112, decodeHypervisorDetail),
    kernelDebugger: plain(SystemInfoClass.KernelDebugger, 2, decodeKernelDebugger),
    kernelDebuggerEx: plain(SystemInfoClass.KernelDebuggerEx, 3, decodeKernelDebuggerEx),
    secureCore: plain(SystemInfoClass.SecureCore, 24, decodeSecureCore),
  };
};

/**
 * @param api whom to ask
 * @param source the backend in whose name the answer is given
 * @param configuration what WMI and the registry said
 * @returns the posture; a failed query becomes an answer of null with its status as evidence
 */
export const readPosture = (
  api: SystemQueries,
  source: { readonly name: BackendName; readonly simulated: boolean },
  configuration: PostureConfiguration,
): Posture => {
  const { name: backend, simulated } = source;
  return mergePosture({ backend, simulated, windows: api.version() }, { nt: askAll(api), configuration });
};
