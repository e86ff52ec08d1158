/** NTLM's computations ([MS-NLMP] 3.3): one-way functions of a password, responses to a challenge, session keys. */
import { show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import type { EmulatorCrypto } from '../cryptography.js';
import { joined, utf16, wipe } from './bytes.js';
import { md4 } from './md4.js';

export const CHALLENGE_LENGTH = 8;
export const HASH_LENGTH = 16;
/** MsvAvEOL, MsvAvTimestamp. */
const END_OF_LIST = 0;
const TIMESTAMP = 7;

/**
 * The NT hash of a password (NTOWFv1): what pass-the-hash needs, and what Credential Guard keeps in VTL1.
 * @returns 16 bytes
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a string
 */
export const ntHash = (password: string): Uint8Array => {
  if (typeof password !== 'string') {
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `password must be a string; got ${show(password)}.`);
  }
  const text = utf16(password);
  const hash = md4(text);
  wipe(text);
  return hash;
};

/** NTOWFv2: the NT hash bound to a user and a domain. The user's name is taken in capitals, the domain's as it is. */
export const ntowfV2 = (cryptography: EmulatorCrypto, hash: Uint8Array, user: string, domain: string): Uint8Array =>
  cryptography.hmacMd5(hash, utf16(user.toUpperCase() + domain));

export interface NtlmV2Input {
  /** NTOWFv2. */
  readonly key: Uint8Array;
  /** 8 bytes each. */
  readonly serverChallenge: Uint8Array;
  readonly clientChallenge: Uint8Array;
  /** FILETIME. */
  readonly time: bigint;
  /** AV pairs as the server sent them, the end of the list included. */
  readonly targetInfo: Uint8Array;
}

export interface NtlmV2Output {
  /** NTProofStr and what it proves. */
  readonly response: Uint8Array;
  /** LMv2: 24 bytes. */
  readonly lmResponse: Uint8Array;
  /** The session base key: 16 bytes, which the client is given to sign and seal with. */
  readonly sessionKey: Uint8Array;
}

const fileTime = (time: bigint): Uint8Array => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, time, true);
  return new Uint8Array(view.buffer);
};

export const ntlmV2Response = (cryptography: EmulatorCrypto, input: NtlmV2Input): NtlmV2Output => {
  const { key, serverChallenge, clientChallenge, time, targetInfo } = input;
  const version = Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0);
  const temp = joined(version, fileTime(time), clientChallenge, new Uint8Array(4), targetInfo, new Uint8Array(4));
  const proof = cryptography.hmacMd5(key, joined(serverChallenge, temp));
  return {
    response: joined(proof, temp),
    lmResponse: joined(cryptography.hmacMd5(key, joined(serverChallenge, clientChallenge)), clientChallenge),
    sessionKey: cryptography.hmacMd5(key, proof),
  };
};

/** Seven bytes as a DES key of eight: each byte's lowest bit is parity, which nobody looks at. */
const desKey = (seven: Uint8Array): Uint8Array => {
  const key = new Uint8Array(8);
  for (let index = 0; index < 8; index++) {
    const high = index === 0 ? 0 : (seven[index - 1] ?? 0) << (8 - index);
    key[index] = (high | ((seven[index] ?? 0) >>> index)) & 0xfe;
  }
  return key;
};

/** NTLMv1's response (DESL): 24 bytes. */
export const ntlmV1Response = (
  cryptography: EmulatorCrypto,
  hash: Uint8Array,
  serverChallenge: Uint8Array,
): Uint8Array => {
  const keys = new Uint8Array(21);
  keys.set(hash);
  const blocks = [0, 7, 14].map((start) => {
    const key = desKey(keys.subarray(start, start + 7));
    const block = cryptography.desEncryptBlock(key, serverChallenge);
    wipe(key);
    return block;
  });
  wipe(keys);
  return joined(...blocks);
};

/** An AV pair: MsvAvNbComputerName is 1, MsvAvNbDomainName 2. */
export interface AvPair {
  readonly id: number;
  readonly value: Uint8Array;
}

/** AV pairs with the end of their list. */
export const encodeAvPairs = (pairs: readonly AvPair[]): Uint8Array =>
  joined(
    ...[...pairs, { id: END_OF_LIST, value: new Uint8Array(0) }].flatMap(({ id, value }) => {
      const head = new DataView(new ArrayBuffer(4));
      head.setUint16(0, id, true);
      head.setUint16(2, value.length, true);
      return [new Uint8Array(head.buffer), value];
    }),
  );

/** @returns the pairs, null unless the list ends where the bytes do and nowhere before */
export const parseAvPairs = (bytes: Uint8Array): readonly AvPair[] | null => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pairs: AvPair[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const id = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    at += 4;
    if (id === END_OF_LIST) return length === 0 && at === bytes.length ? pairs : null;
    if (at + length > bytes.length) return null;
    pairs.push({ id, value: bytes.slice(at, at + length) });
    at += length;
  }
  return null;
};

/** The server's time where it sent one, which a client must then use ([MS-NLMP] 3.1.5.1.2); null where it sent none. */
export const serverTime = (pairs: readonly AvPair[]): bigint | null => {
  const value = pairs.find(({ id }) => id === TIMESTAMP)?.value;
  if (value?.length !== 8) return null;
  return new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0, true);
};
