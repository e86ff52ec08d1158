/** `machine.lsa`: logging on, and what a logon is good for. */
import { readProperties, requireFunction, requireObject, show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { Status } from '../../ntstatus.js';
import { requireBuffer } from '../call-arguments.js';
import type { NtSystem } from '../nt/system.js';
import { utf16, wipe } from './bytes.js';
import { encodeCredential, plainSecret } from './credential.js';
import { decodeText, encodeFields, encodeText } from './fields.js';
import { kerberosKey } from './kerberos.js';
import { KerberosClient } from './kerberos-client.js';
import { heldBytes, store } from './logon-slots.js';
import type { LogonState } from './lsa-state.js';
import { ALPC_CALL } from './lsaiso.js';
import { type LsaAnswer, type LsaIsolation, Lsass } from './lsass.js';
import { KerberosOperation, MAX_MESSAGE_LENGTH, NtlmOperation, RpcInterface, StatusOperation } from './messages.js';
import { CHALLENGE_LENGTH, encodeAvPairs, ntHash, parseAvPairs } from './ntlm.js';
import { type Interceptor, LSA_ISO_ENDPOINT, RpcChannel } from './rpc-channel.js';

/** Who logs on, with what. */
export interface LogOn {
  /** At most 256 characters each; the user's name has one at least. */
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

/** What a server sends: NTLM's CHALLENGE_MESSAGE without its envelope. */
export interface NtlmChallenge {
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array;
  /** AV pairs with their end, at most 1024 bytes. Default: the domain's name alone. */
  readonly targetInfo?: Uint8Array | undefined;
}

/** The lists of bytes are empty unless `status` is STATUS_SUCCESS. */
export interface NtlmAnswer {
  /** NTSTATUS. */
  readonly status: number;
  /** NTProofStr and what it proves. */
  readonly response: Uint8Array;
  /** LMv2. */
  readonly lmResponse: Uint8Array;
  /** What LSASS is given to sign and seal with: 16 bytes. */
  readonly sessionKey: Uint8Array;
}

/** What LSASS holds of a logon, as VTL0's kernel finds it in LSASS' pages. */
export interface HeldCredential {
  readonly logonId: number;
  readonly user: string;
  readonly domain: string;
  /** `isolated`: blobs of LsaIso's. `plain`: the hash itself. `none`: LsaIso could not be asked, and nobody holds anything. */
  readonly kind: LogonState['kind'];
  /** NTSTATUS of having the secrets kept. */
  readonly status: number;
  /** The NTLM credential in its wrapper (facts/vsm.md 4.2), from byte 42 on a blob or the hashes. */
  readonly bytes: Uint8Array;
}

export interface LsaEndpoint {
  readonly name: string;
  readonly answers: boolean;
}

const MAX_NAME_LENGTH = 256;
const MAX_TARGET_INFO_LENGTH = 1024;
const NO_BYTES: Uint8Array = new Uint8Array(0);
/** MsvAvNbDomainName. */
const DOMAIN_NAME = 2;

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const requireName = (name: string, value: unknown, shortest: number): string => {
  if (typeof value === 'string' && value.length >= shortest && value.length <= MAX_NAME_LENGTH) return value;
  throw argumentError(`${name} must be a string of ${shortest} to ${MAX_NAME_LENGTH} characters; got ${show(value)}.`);
};

const requireChallenge = (value: unknown): Uint8Array => {
  if (requireBuffer('serverChallenge', value).length === CHALLENGE_LENGTH) return requireBuffer('', value);
  throw argumentError(`serverChallenge must be ${CHALLENGE_LENGTH} bytes; got ${requireBuffer('', value).length}.`);
};

const requireTargetInfo = (value: unknown, domain: string): Uint8Array => {
  if (value === undefined) return encodeAvPairs([{ id: DOMAIN_NAME, value: utf16(domain) }]);
  const bytes = requireBuffer('targetInfo', value);
  if (bytes.length <= MAX_TARGET_INFO_LENGTH && parseAvPairs(bytes) !== null) return bytes;
  throw argumentError(`targetInfo must be AV pairs with their end, at most ${MAX_TARGET_INFO_LENGTH} bytes.`);
};

/**
 * The local security authority of one emulated machine: LSASS in VTL0 and, where the scenario has it, LsaIso in VTL1. Nothing here gives
 * a secret away: what VTL0 holds it can steal by `machine.compromisedKernel()`.
 *
 * Every method throws TrustletError ERR_TRUSTLET_UNSUPPORTED where no LSASS runs and ERR_TRUSTLET_BACKEND once the machine is down or was
 * stopped; ERR_TRUSTLET_ARGUMENT for arguments of the wrong kind and for logons that LSASS does not have. What a call comes to is an
 * NTSTATUS in its answer. Cost of a call: two copies of a page at most and, with LsaIso, one message each way.
 */
export class LocalSecurityAuthority {
  readonly #system: NtSystem;
  readonly #lsass: Lsass;
  /** Kerberos: tickets by keys that LsaIso keeps. */
  readonly kerberos: KerberosClient;

  /** `machine.lsa` is the one there is. */
  constructor(system: NtSystem) {
    this.#system = system;
    const channel = new RpcChannel(system);
    system.ntServices.set(ALPC_CALL, channel.port);
    this.#lsass = new Lsass(system, channel);
    this.kerberos = new KerberosClient(this.#lsass, (logonId) => this.#logon(logonId));
  }

  /** Who keeps the secrets: LsaIso (`isolated`), a LsaIso that does not answer (`unreachable`), or LSASS itself (`none`). */
  get isolation(): LsaIsolation {
    this.#system.requireRunning();
    return this.#lsass.isolation;
  }

  /** The port of LsaIso, and whether anybody answers there. */
  get endpoint(): LsaEndpoint {
    return { name: LSA_ISO_ENDPOINT, answers: this.isolation === 'isolated' };
  }

  /**
   * Logs a user on: LSASS derives what it needs from the password, has LsaIso protect it, keeps blobs and wipes the rest. While it does
   * so the password is in VTL0, which Credential Guard does not protect (facts/vsm.md 4.1): whoever is in VTL0 already sees it typed.
   * Where LsaIso does not answer there is a logon without single sign-on, and nothing is kept.
   * @returns the logon's id
   */
  logOn(who: LogOn): number {
    requireObject('who', who);
    const given = readProperties('who', who, ['user', 'domain', 'password']);
    const user = requireName('user', given.user, 1);
    const domain = requireName('domain', given.domain, 0);
    const password = requireName('password', given.password, 0);
    const process = this.#lsass.process();
    const { lsa } = this.#system.state;
    const lengths = { credential: 0, kerberosKey: 0, ticketKey: 0, ticket: 0 };
    const slot = this.#lsass.freeSlot(this.#logons().map((logon) => logon.slot));
    const [status, kind] = this.#keepSecrets({ user, domain, password }, slot, lengths);
    const id = lsa.nextLogonId;
    lsa.nextLogonId = id + 1;
    const { sequenceNumber } = process;
    lsa.logons = [...this.#logons(), { id, lsassSequence: sequenceNumber, user, domain, kind, status, slot, lengths }];
    return id;
  }

  /** Ends a logon: LSASS wipes what it held of it. */
  logOff(logonId: number): void {
    const logon = this.#logon(logonId);
    this.#lsass.wipe(logon.slot);
    const { lsa } = this.#system.state;
    lsa.logons = lsa.logons.filter(({ id }) => id !== logon.id);
  }

  /** The answer to a server's challenge with NTLMv2 ([MS-NLMP] 3.3.2), computed where the hash is. */
  ntlmResponse(logonId: number, challenge: NtlmChallenge): NtlmAnswer {
    const logon = this.#logon(logonId);
    requireObject('challenge', challenge);
    const given = readProperties('challenge', challenge, ['serverChallenge', 'targetInfo']);
    const serverChallenge = requireChallenge(given.serverChallenge);
    const targetInfo = requireTargetInfo(given.targetInfo, logon.domain);
    const { user, domain } = logon;
    const payload = encodeFields(
      heldBytes(this.#lsass, logon, 'credential'),
      encodeText(user),
      encodeText(domain),
      targetInfo,
      serverChallenge,
    );
    const { status, fields } = this.#lsass.call(RpcInterface.NTLM, NtlmOperation.CHALLENGE_RESPONSE, payload, 4);
    const [response = NO_BYTES, lmResponse = NO_BYTES, sessionKey = NO_BYTES] = fields;
    return { status, response, lmResponse, sessionKey };
  }

  /** The answer with NTLMv1, 24 bytes. With Credential Guard there is none (policy `ntlmv1-with-credential-guard`). */
  ntlmV1Response(
    logonId: number,
    serverChallenge: Uint8Array,
  ): { readonly status: number; readonly response: Uint8Array } {
    const logon = this.#logon(logonId);
    const payload = encodeFields(requireChallenge(serverChallenge), heldBytes(this.#lsass, logon, 'credential'));
    const { status, fields } = this.#lsass.call(RpcInterface.NTLM, NtlmOperation.CALCULATE_NT_RESPONSE, payload, 1);
    return { status, response: fields[0] ?? NO_BYTES };
  }

  /** Whether a password typed again is the logon's, as to unlock a screen. */
  compare(logonId: number, password: string): { readonly status: number; readonly match: boolean } {
    const logon = this.#logon(logonId);
    const typed = this.#plainCredential(requireName('password', password, 0));
    const payload = encodeFields(heldBytes(this.#lsass, logon, 'credential'), typed);
    wipe(typed);
    const { status, fields } = this.#callWithSecret(RpcInterface.NTLM, NtlmOperation.COMPARE_CREDENTIALS, payload);
    return { status, match: fields[0]?.[0] === 1 };
  }

  /** What LSASS holds, oldest logon first: what VTL0's kernel finds there. */
  credentials(): readonly HeldCredential[] {
    return this.#logons().map((logon) => ({
      logonId: logon.id,
      user: logon.user,
      domain: logon.domain,
      kind: logon.kind,
      status: logon.status,
      bytes: heldBytes(this.#lsass, logon, 'credential'),
    }));
  }

  /** The services that LsaIso (or, without it, LSASS) says it runs. */
  runningServices(): { readonly status: number; readonly services: readonly string[] } {
    this.#lsass.process();
    const { GET_RUNNING_SERVICES } = StatusOperation;
    const { status, fields } = this.#lsass.call(RpcInterface.STATUS, GET_RUNNING_SERVICES, NO_BYTES, 1);
    return {
      status,
      services:
        decodeText(fields[0] ?? NO_BYTES)
          ?.split(' ')
          .filter(Boolean) ?? [],
    };
  }

  /**
   * A compromised VTL0's hand on the channel to LsaIso: it is shown every message as it lies in NT's page, and bytes it returns take the
   * message's place. What it calls itself is not intercepted again, and it restores no snapshot.
   * @returns takes it away
   */
  intercept(interceptor: Interceptor): () => void {
    requireFunction('interceptor', interceptor);
    return this.#lsass.channel.intercept(interceptor);
  }

  /**
   * Sends LsaIso a message of the caller's making, as anything in VTL0 that reaches the port can: a recorded one, or any bytes.
   * @param message at most 4096 bytes
   * @returns the answer; null where no LsaIso answers
   */
  send(message: Uint8Array): Uint8Array | null {
    this.#lsass.process();
    if (requireBuffer('message', message).length > MAX_MESSAGE_LENGTH) {
      throw argumentError(`A message is at most ${MAX_MESSAGE_LENGTH} bytes; got ${message.length}.`);
    }
    return this.#lsass.isolation === 'none' ? null : this.#lsass.send(message);
  }

  /** From now on a compromised VTL0 records the channel. @returns what it has recorded so far; the list grows */
  record(): readonly Uint8Array[] {
    return this.#lsass.channel.record();
  }

  #logons(): readonly LogonState[] {
    const { sequenceNumber } = this.#lsass.process();
    return this.#system.state.lsa.logons.filter(({ lsassSequence }) => lsassSequence === sequenceNumber);
  }

  #logon(logonId: unknown): LogonState {
    const logon = this.#logons().find(({ id }) => id === logonId);
    if (logon !== undefined) return logon;
    throw argumentError(`LSASS has no logon ${show(logonId)}; machine.lsa.credentials() lists those it has.`);
  }

  /** The password as it was typed lies in LSASS' memory until this is over, and the hashes in the message. */
  #keepSecrets(
    { user, domain, password }: LogOn,
    slot: number,
    lengths: LogonState['lengths'],
  ): readonly [number, LogonState['kind']] {
    const lsass = this.#lsass;
    const process = lsass.process();
    const { KERBEROS, NTLM } = RpcInterface;
    const plain = this.#plainCredential(password);
    const key = kerberosKey(this.#system.cryptography, user, domain, password);
    const answers: LsaAnswer[] = [];
    try {
      lsass.write(0, 0, utf16(password));
      answers.push(this.#callWithSecret(NTLM, NtlmOperation.PROTECT_CREDENTIAL, encodeFields(plain)));
      answers.push(this.#callWithSecret(KERBEROS, KerberosOperation.PROTECT_KEY, encodeFields(key)));
    } finally {
      // Also where a test's own exception passes through: nobody who comes later finds what was typed.
      wipe(plain, key);
      lsass.wipeTyped(process);
    }
    const failed = answers.find(({ status }) => status !== Status.SUCCESS);
    if (failed !== undefined) return [failed.status, 'none'];
    const [credential, kerberos] = answers.map(({ fields }) => fields[0] ?? NO_BYTES);
    store(lsass, { slot, lengths }, 'credential', credential ?? NO_BYTES);
    store(lsass, { slot, lengths }, 'kerberosKey', kerberos ?? NO_BYTES);
    return [Status.SUCCESS, lsass.isolation === 'none' ? 'plain' : 'isolated'];
  }

  #plainCredential(password: string): Uint8Array {
    const [nt, text] = [ntHash(password), utf16(password)];
    const sha1 = this.#system.cryptography.sha1(text);
    const secret = plainSecret(nt, sha1);
    const wrapper = encodeCredential({ encrypted: false, bytes: secret });
    wipe(nt, text, sha1, secret);
    return wrapper;
  }

  /** A call whose message holds something typed: nothing of it stays in NT's pages. */
  #callWithSecret(
    interfaceId: number,
    operation: number,
    payload: Uint8Array,
  ): { readonly status: number; readonly fields: readonly Uint8Array[] } {
    try {
      return this.#lsass.call(interfaceId, operation, payload, 1);
    } finally {
      wipe(payload);
      this.#lsass.channel.wipe();
    }
  }
}
