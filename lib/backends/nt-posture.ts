/** Is VBS really on? Read from six documented system information classes (facts/nt.md 3), each answer with its evidence. */
import {
  decodeCodeIntegrity,
  decodeCodeIntegrityPolicy,
  decodeHypervisor,
  decodeIsolatedUserMode,
  decodeSecureBoot,
  decodeVsmProtection,
  newCodeIntegrity,
  SystemInfoClass,
} from '../layout/index.js';
import type { NtApi } from '../nt-api.js';
import { ntstatusName, Status } from '../ntstatus.js';
import type { BackendName, Posture, PostureAnswer, PostureSource } from '../types.js';
import { failureStatus, querySystemClass } from './system-class.js';

/** Who answers for the system. */
export type SystemQueries = Pick<NtApi, 'querySystemInformation' | 'version'>;

type Values = Readonly<Record<string, boolean | number | string>>;

/** One class asked: its status, and its decoded members when it answered. */
interface Answer<T> {
  readonly infoClass: number;
  readonly status: number;
  readonly value: T | null;
}

const ask = <T extends object>(
  api: SystemQueries,
  infoClass: number,
  buffers: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => T,
): Answer<T> => {
  let status: number = Status.INFO_LENGTH_MISMATCH;
  for (const buffer of buffers) {
    const { status: answered, filled } = querySystemClass(api, infoClass, buffer, 1);
    if (filled) return { infoClass, status: answered, value: decode(buffer) };
    status = failureStatus(answered);
    if (status >>> 0 !== Status.INFO_LENGTH_MISMATCH) break;
  }
  return { infoClass, status, value: null };
};

const answerOf = <T extends object>(answer: Answer<T>, member: keyof T & string): PostureAnswer => {
  if (answer.value === null) {
    return { value: null, evidence: `class ${answer.infoClass} failed: ${ntstatusName(answer.status)}` };
  }
  const value = answer.value[member];
  return typeof value === 'boolean'
    ? { value, evidence: `class ${answer.infoClass} ${member}` }
    : { value: null, evidence: `class ${answer.infoClass} has no ${member} on this build` };
};

const sourceOf = <T extends object>({ status, value }: Answer<T>): PostureSource => ({
  status: status >>> 0,
  statusName: ntstatusName(status),
  values:
    value === null
      ? null
      : (Object.fromEntries(
          Object.entries(value)
            .filter(([, member]) => member !== null)
            .map(([name, member]) => [name, typeof member === 'bigint' ? member.toString() : member]),
        ) as Values),
});

const CREDENTIAL_GUARD_CONFIGURED: PostureAnswer = {
  value: null,
  evidence: 'no NT query tells; it is configured in the registry and by policy (LsaCfgFlags)',
};

/** No NT query names the trustlet that runs; only Win32_DeviceGuard does (facts/nt.md 3.4). */
const credentialGuardRunning = (vsmRunning: PostureAnswer, trustletRunning: PostureAnswer): PostureAnswer => {
  if (vsmRunning.value === false)
    return { value: false, evidence: 'VSM is not running, and Credential Guard needs it' };
  if (trustletRunning.value === false)
    return { value: false, evidence: 'class 165 TrustletRunning is clear: no trustlet runs' };
  return {
    value: null,
    evidence: 'a trustlet may run, but no NT query says which; ask WMI Win32_DeviceGuard.SecurityServicesRunning',
  };
};

/**
 * @param api whom to ask
 * @param source the backend in whose name the answer is given
 * @returns the posture; a failed query becomes an answer of null with its status as evidence
 */
export const readPosture = (
  api: SystemQueries,
  source: { readonly name: BackendName; readonly simulated: boolean },
): Posture => {
  const isolatedUserMode = ask(api, SystemInfoClass.IsolatedUserMode, [new Uint8Array(16)], decodeIsolatedUserMode);
  const codeIntegrity = ask(api, SystemInfoClass.CodeIntegrity, [newCodeIntegrity()], decodeCodeIntegrity);
  const policy = ask(api, SystemInfoClass.CodeIntegrityPolicy, [new Uint8Array(32)], decodeCodeIntegrityPolicy);
  const secureBoot = ask(api, SystemInfoClass.SecureBoot, [new Uint8Array(2)], decodeSecureBoot);
  // 2, 3 or 4 bytes by build: the longest first (facts/nt.md 3.3).
  const lengths = [new Uint8Array(4), new Uint8Array(3), new Uint8Array(2)];
  const vsmProtection = ask(api, SystemInfoClass.VsmProtection, lengths, decodeVsmProtection);
  const hypervisor = ask(api, SystemInfoClass.Hypervisor, [new Uint8Array(16)], decodeHypervisor);

  const vsmRunning: PostureAnswer =
    isolatedUserMode.status >>> 0 === Status.INVALID_INFO_CLASS
      ? { value: false, evidence: 'class 165 is unknown to this system: it has no VSM' }
      : answerOf(isolatedUserMode, 'SecureKernelRunning');
  const trustletRunning = answerOf(isolatedUserMode, 'TrustletRunning');
  return {
    backend: source.name,
    simulated: source.simulated,
    windows: api.version(),
    vsm: { running: vsmRunning },
    vbs: { running: vsmRunning, hardwareEnforced: answerOf(isolatedUserMode, 'HardwareEnforcedVbs') },
    hvci: {
      configured: answerOf(codeIntegrity, 'HVCI_KMCI_ENABLED'),
      running: answerOf(isolatedUserMode, 'HvciEnabled'),
      strict: answerOf(isolatedUserMode, 'HvciStrictMode'),
    },
    credentialGuard: {
      configured: CREDENTIAL_GUARD_CONFIGURED,
      running: credentialGuardRunning(vsmRunning, trustletRunning),
    },
    trustletRunning,
    secureBoot: answerOf(secureBoot, 'SecureBootEnabled'),
    testSigning: answerOf(codeIntegrity, 'TESTSIGN'),
    hypervisorPresent: answerOf(hypervisor, 'Present'),
    sources: {
      isolatedUserMode: sourceOf(isolatedUserMode),
      codeIntegrity: sourceOf(codeIntegrity),
      codeIntegrityPolicy: sourceOf(policy),
      secureBoot: sourceOf(secureBoot),
      vsmProtection: sourceOf(vsmProtection),
      hypervisor: sourceOf(hypervisor),
    },
  };
};
