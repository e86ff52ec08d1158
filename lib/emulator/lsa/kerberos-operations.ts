/** Kerberos' part of the operations: what is sealed under a key that only the server of secrets has (facts/vsm.md 4.4). */
import { wipe } from './bytes.js';
import { decodeFields, encodeFields } from './fields.js';
import { KERBEROS_KEY_LENGTH, type KeyUsage, seal, unseal } from './kerberos.js';
import { KerberosOperation } from './messages.js';
import type { Held, Operation, SecretKeeper } from './secret-keeper.js';
import { LsaStatus } from './statuses.js';

const NONCE_LENGTH = 12;
/** The longest name of a service in an authenticator, in bytes. */
const MAX_SERVICE_LENGTH = 512;

/** A key as the client holds it: whether it is a blob, and the bytes. */
const encodeHeld = ({ encrypted, bytes }: Held): Uint8Array => Uint8Array.of(encrypted ? 1 : 0, ...bytes);

const decodeHeld = (bytes: Uint8Array | undefined): Held | null => {
  const [flag] = bytes ?? [];
  if (bytes === undefined || (flag !== 0 && flag !== 1)) return null;
  return { encrypted: flag === 1, bytes: bytes.slice(1) };
};

/** @returns the key for the caller to wipe; null for no key, the status where its blob does not hold */
const keyIn = (keeper: SecretKeeper, field: Uint8Array | undefined): Uint8Array | number | null => {
  const held = decodeHeld(field);
  if (held === null) return null;
  const key = keeper.reveal('KerberosKey', held);
  return key?.length === KERBEROS_KEY_LENGTH ? key : LsaStatus.DECRYPTION_FAILED;
};

const protectKey: Operation = (keeper, payload) => {
  const [key] = decodeFields(payload, 1) ?? [];
  if (key?.length !== KERBEROS_KEY_LENGTH) return null;
  const held = keeper.keep('KerberosKey', key);
  wipe(key);
  return encodeFields(encodeHeld(held));
};

/** Seals what VTL0 may see only sealed, under a held key. */
const sealing =
  (usage: KeyUsage, textOf: (keeper: SecretKeeper, field: Uint8Array) => Uint8Array | null): Operation =>
  (keeper, payload) => {
    const [held, field] = decodeFields(payload, 2) ?? [];
    const text = field === undefined ? null : textOf(keeper, field);
    const key = text === null ? null : keyIn(keeper, held);
    if (text === null || key === null || typeof key === 'number') return key;
    const sealed = seal(keeper.cryptography, key, usage, keeper.random(NONCE_LENGTH), text);
    wipe(key);
    return encodeFields(sealed);
  };

const timeStamp = (keeper: SecretKeeper): Uint8Array => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, keeper.time, true);
  return new Uint8Array(view.buffer);
};

/** Opens a reply sealed under a held key. */
const unsealing =
  (usage: KeyUsage, answer: (keeper: SecretKeeper, key: Uint8Array) => Uint8Array): Operation =>
  (keeper, payload) => {
    const [held, sealed] = decodeFields(payload, 2) ?? [];
    const key = sealed === undefined ? null : keyIn(keeper, held);
    if (sealed === undefined || key === null || typeof key === 'number') return key;
    const inner = unseal(keeper.cryptography, key, usage, sealed);
    wipe(key);
    if (inner?.length !== KERBEROS_KEY_LENGTH) return LsaStatus.DECRYPTION_FAILED;
    const result = answer(keeper, inner);
    wipe(inner);
    return encodeFields(result);
  };

export const kerberosOperations: ReadonlyMap<number, Operation> = new Map([
  [KerberosOperation.PROTECT_KEY, protectKey],
  // The timestamp is the server's own: the second field is empty.
  [
    KerberosOperation.BUILD_AS_REQUEST,
    sealing('pre-authentication', (keeper, field) => (field.length === 0 ? timeStamp(keeper) : null)),
  ],
  // The session key of the ticket-granting ticket stays: the client gets a blob of it.
  [
    KerberosOperation.UNPACK_AS_REPLY,
    unsealing('AS-REP', (keeper, key) => encodeHeld(keeper.keep('KerberosKey', key))),
  ],
  [
    KerberosOperation.BUILD_TGS_REQUEST,
    sealing('authenticator', (keeper, service) =>
      service.length <= MAX_SERVICE_LENGTH ? encodeFields(timeStamp(keeper), service) : null,
    ),
  ],
  // The session key of a service is the client's to have (facts/vsm.md 4.4).
  [KerberosOperation.UNPACK_TGS_REPLY, unsealing('TGS-REP', (_, key) => key.slice())],
]);
