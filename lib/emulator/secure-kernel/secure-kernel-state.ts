/**
 * What the secure kernel knows of trustlets, as plain data without a byte of any secret: contents and keys lie in pages of VTL1, and
 * here is only where. VTL0 has no way to it.
 */
import type { DebugPolicy } from '../../pe/policy-values.js';

/** What an image's policy metadata allows (facts/vsm.md 3.7, 3.10). */
export interface TrustletPolicies {
  readonly debug: DebugPolicy;
  readonly crashDump: 'none' | 'encrypted';
  /** The Capability policy names secure storage. */
  readonly secureStorage: boolean;
}

/** An image that has passed the checks of a trustlet's. */
export interface SecureImage {
  readonly handle: bigint;
  /** The trustlet ID that its policy metadata declares. */
  readonly applicationId: bigint;
  /** Whoever creates the trustlet may choose another ID. */
  readonly isIdOverridable: boolean;
  readonly policies: TrustletPolicies;
  readonly securityVersion: bigint;
}

/** Who a trustlet is (facts/vsm.md 3.7). */
export interface TrustletIdentity {
  readonly trustletId: bigint;
  /** 16 bytes in hexadecimal: random by the secure kernel unless supplied. */
  readonly instance: string;
  readonly collaborationId: string | null;
  readonly securityVersion: bigint;
}

export interface SecureThread {
  /** NT resumes the thread with it; never 0. */
  readonly cookie: number;
  readonly tid: number;
}

/** Something of a trustlet's that the secure kernel keeps in a page of VTL1. */
export interface KeptData {
  readonly page: number;
  /** Bytes. */
  readonly length: number;
}

/** SEPROCESS. */
export interface SecureProcess {
  readonly handle: bigint;
  readonly pid: number;
  readonly sequenceNumber: bigint;
  readonly image: SecureImage;
  /** null until INITIALIZE_PROCESS. */
  identity: TrustletIdentity | null;
  readonly threads: SecureThread[];
  /** The on-demand challenge was answered. */
  isDebugEnabled: boolean;
  /** DEBUG_PROCESS let a debugger in. */
  isDebugged: boolean;
  everDebugged: boolean;
  challenge: Uint8Array | null;
  /** VTL1 pages that the arguments of its system calls are captured in. */
  readonly argumentPages: number[];
  /** NT's pages that they and replies travel in, as NT gave them. */
  readonly exchangePages: number[];
  /** Those of them that NT's own allocator gave: NT frees these with the process. */
  readonly ntPages: number[];
  /** NT handles that system calls have given it. */
  readonly ntHandles: Set<bigint>;
  /** Hexadecimal; null: it has no mailbox. */
  mailboxKey: string | null;
  readonly mailbox: Map<number, KeptData>;
}

export interface SecureKernelState {
  /** By pid. */
  readonly processes: Map<number, SecureProcess>;
  readonly images: Map<bigint, SecureImage>;
  /** By owner and slot. */
  readonly storage: Map<string, KeptData>;
  nextHandle: bigint;
  nextCookie: number;
  nextGeneration: bigint;
  /** The code with which the secure kernel stopped the machine. */
  bugcheck: number | null;
}

/** SecurePid of the Secure System process in public captures (facts/vsm.md 3.9); the first handle. */
const FIRST_HANDLE = 0x1_4000_0004n;
/** As in facts/vsm.md 3.6. */
const FIRST_COOKIE = 9;

export const createSecureKernelState = (): SecureKernelState => ({
  processes: new Map(),
  images: new Map(),
  storage: new Map(),
  nextHandle: FIRST_HANDLE,
  nextCookie: FIRST_COOKIE,
  nextGeneration: 1n,
  bugcheck: null,
});
