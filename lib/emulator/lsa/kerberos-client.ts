/** `machine.lsa.kerberos`: LSASS as a proxy between a key distribution centre and LsaIso (facts/vsm.md 4.4). */
import { show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { Status } from '../../ntstatus.js';
import { requireBuffer, requireText } from '../call-arguments.js';
import { encodeFields, encodeText } from './fields.js';
import { heldBytes, PIECE_SIZE, store } from './logon-slots.js';
import type { LogonState } from './lsa-state.js';
import type { Lsass } from './lsass.js';
import { KerberosOperation, RpcInterface } from './messages.js';

const NO_BYTES: Uint8Array = new Uint8Array(0);
const MAX_SERVICE_LENGTH = 512;

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const requireShort = (name: string, value: unknown): Uint8Array => {
  const bytes = requireBuffer(name, value);
  if (bytes.length <= PIECE_SIZE) return bytes;
  throw argumentError(`${name} is at most ${PIECE_SIZE} bytes; got ${bytes.length}.`);
};

/** Bytes are empty unless `status` is STATUS_SUCCESS. Errors as those of `machine.lsa`. */
export class KerberosClient {
  readonly #lsass: Lsass;
  readonly #logon: (logonId: number) => LogonState;

  /** `machine.lsa.kerberos` is the one there is. */
  constructor(lsass: Lsass, logon: (logonId: number) => LogonState) {
    this.#lsass = lsass;
    this.#logon = logon;
  }

  /** The encrypted timestamp of an AS-REQ, sealed under the user's long-term key where that is. */
  preAuthenticate(logonId: number): { readonly status: number; readonly preAuthentication: Uint8Array } {
    const logon = this.#logon(logonId);
    const payload = encodeFields(heldBytes(this.#lsass, logon, 'kerberosKey'), NO_BYTES);
    const [status, preAuthentication] = this.#call(KerberosOperation.BUILD_AS_REQUEST, payload);
    return { status, preAuthentication };
  }

  /**
   * Takes an AS-REP: LsaIso opens its sealed part and keeps the session key from LSASS, which stores ticket and blob.
   * @param ticket the ticket-granting ticket, opaque @param sealed what only the user's long-term key opens
   * @returns NTSTATUS
   */
  acceptTicket(logonId: number, ticket: Uint8Array, sealed: Uint8Array): number {
    const logon = this.#logon(logonId);
    const opaque = requireShort('ticket', ticket);
    const payload = encodeFields(heldBytes(this.#lsass, logon, 'kerberosKey'), requireShort('sealed', sealed));
    const [status, key] = this.#call(KerberosOperation.UNPACK_AS_REPLY, payload);
    if (status !== Status.SUCCESS) return status;
    store(this.#lsass, logon, 'ticketKey', key);
    store(this.#lsass, logon, 'ticket', opaque);
    return status;
  }

  /** A TGS-REQ: the ticket-granting ticket, and an authenticator made where its session key is. */
  requestService(
    logonId: number,
    service: string,
  ): { readonly status: number; readonly ticket: Uint8Array; readonly authenticator: Uint8Array } {
    const logon = this.#logon(logonId);
    const name = encodeText(requireText('service', service));
    if (name.length > MAX_SERVICE_LENGTH) {
      throw argumentError(`service is at most ${MAX_SERVICE_LENGTH} bytes as UTF-8; got ${show(service)}.`);
    }
    const payload = encodeFields(heldBytes(this.#lsass, logon, 'ticketKey'), name);
    const [status, authenticator] = this.#call(KerberosOperation.BUILD_TGS_REQUEST, payload);
    return {
      status,
      ticket: status === Status.SUCCESS ? heldBytes(this.#lsass, logon, 'ticket') : NO_BYTES,
      authenticator,
    };
  }

  /** Takes a TGS-REP. The service's session key is LSASS' to have. @param sealed what only the ticket's session key opens */
  acceptService(logonId: number, sealed: Uint8Array): { readonly status: number; readonly sessionKey: Uint8Array } {
    const logon = this.#logon(logonId);
    const payload = encodeFields(heldBytes(this.#lsass, logon, 'ticketKey'), requireShort('sealed', sealed));
    const [status, sessionKey] = this.#call(KerberosOperation.UNPACK_TGS_REPLY, payload);
    return { status, sessionKey };
  }

  #call(operation: number, payload: Uint8Array): readonly [number, Uint8Array] {
    const { status, fields } = this.#lsass.call(RpcInterface.KERBEROS, operation, payload, 1);
    return [status, fields[0] ?? NO_BYTES];
  }
}
