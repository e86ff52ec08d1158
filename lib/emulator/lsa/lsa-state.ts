/** What LSA has of its own beside pages: plain data, without a byte of any secret. */

/** A piece of what LSASS holds of a logon: where in its slot, and how long; 0 where it holds none. */
export interface HeldLengths {
  credential: number;
  kerberosKey: number;
  ticketKey: number;
  ticket: number;
}

/** A logon session of LSASS. */
export interface LogonState {
  readonly id: number;
  /** The LSASS whose logon it is: it ends with that process. */
  readonly lsassSequence: bigint;
  readonly user: string;
  readonly domain: string;
  /** Who keeps the secrets; `none` where LsaIso could not be asked: then nobody does. */
  readonly kind: 'isolated' | 'plain' | 'none';
  /** NTSTATUS of keeping them. */
  readonly status: number;
  /** Where in LSASS' memory. */
  readonly slot: number;
  readonly lengths: HeldLengths;
}

export interface LsaState {
  /** NT's pages that a message and its answer lie in, null until one is sent. */
  requestPage: number | null;
  replyPage: number | null;
  nextCallId: number;
  nextLogonId: number;
  logons: readonly LogonState[];
}

export const createLsaState = (): LsaState => ({
  requestPage: null,
  replyPage: null,
  nextCallId: 1,
  nextLogonId: 1,
  logons: [],
});
