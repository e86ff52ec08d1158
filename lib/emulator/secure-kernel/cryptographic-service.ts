/** The secure kernel's cryptographic service for trustlets: a key of the boot, random bytes, a report (facts/vsm.md 3.8). */
import { Status } from '../../ntstatus.js';
import { randomBytes } from '../lsa/secret-page.js';
import type { NtSystem } from '../nt/system.js';
import { deriveKey, nextGeneration, seal, unseal } from './derived-keys.js';
import type { SecureProcess } from './secure-kernel-state.js';
import type { SystemCallResult } from './trustlet-system-calls.js';

/** The first 4 bytes of IumCrypto's input. */
const CryptographicOperation = { ENCRYPT: 0, DECRYPT: 1, RANDOM: 2, REPORT: 3 } as const;

const OPERATION_BYTES = 4;
const GENERATION_BYTES = 8;
const TAG_BYTES = 16;
const MAX_RANDOM = 32;
const NOTHING: Uint8Array = new Uint8Array(0);
const failed = (status: number): SystemCallResult => ({ status, output: NOTHING });
const done = (output: Uint8Array): SystemCallResult => ({ status: Status.SUCCESS, output });

/** What is encrypted for a trustlet opens for that trustlet alone, in this boot. */
const sealedFor = (process: SecureProcess, generation: bigint) =>
  ({ use: 'cryptographic service', generation, words: [process.identity?.trustletId ?? 0n] }) as const;

const encrypt = (system: NtSystem, process: SecureProcess, data: Uint8Array): SystemCallResult => {
  const generation = nextGeneration(system);
  const { ciphertext, tag } = seal(system, sealedFor(process, generation), data);
  const output = new Uint8Array(GENERATION_BYTES + TAG_BYTES + ciphertext.length);
  new DataView(output.buffer).setBigUint64(0, generation, true);
  output.set(tag, GENERATION_BYTES);
  output.set(ciphertext, GENERATION_BYTES + TAG_BYTES);
  return done(output);
};

const decrypt = (system: NtSystem, process: SecureProcess, data: Uint8Array): SystemCallResult => {
  if (data.length < GENERATION_BYTES + TAG_BYTES) return failed(Status.INVALID_PARAMETER);
  const generation = new DataView(data.buffer, data.byteOffset).getBigUint64(0, true);
  const tag = data.subarray(GENERATION_BYTES, GENERATION_BYTES + TAG_BYTES);
  const ciphertext = data.subarray(GENERATION_BYTES + TAG_BYTES);
  const plaintext = unseal(system, sealedFor(process, generation), { tag, ciphertext });
  return plaintext === null ? failed(Status.UNSUCCESSFUL) : done(plaintext);
};

/** Identity, policy and whether it was ever debugged, with a code over them under a key of VTL1's. */
const report = (system: NtSystem, process: SecureProcess): SystemCallResult => {
  const { identity, image, everDebugged } = process;
  const text = JSON.stringify({
    trustletId: String(identity?.trustletId ?? 0n),
    instance: identity?.instance ?? '',
    securityVersion: String(image.securityVersion),
    debugPolicy: image.policies.debug,
    everDebugged,
  });
  const body = new TextEncoder().encode(text);
  const key = deriveKey(system, 'report');
  const code = system.cryptography.hmacSha256(key, body);
  key.fill(0);
  const output = new Uint8Array(code.length + body.length);
  output.set(code);
  output.set(body, code.length);
  return done(output);
};

export const cryptographicService = (
  system: NtSystem,
  process: SecureProcess,
  input: Uint8Array,
  room: number,
): SystemCallResult => {
  if (input.length < OPERATION_BYTES) return failed(Status.INVALID_PARAMETER);
  const data = input.subarray(OPERATION_BYTES);
  switch (new DataView(input.buffer, input.byteOffset).getUint32(0, true)) {
    case CryptographicOperation.ENCRYPT:
      return encrypt(system, process, data);
    case CryptographicOperation.DECRYPT:
      return decrypt(system, process, data);
    case CryptographicOperation.RANDOM:
      return done(randomBytes(system, 1, Math.min(room, MAX_RANDOM)));
    case CryptographicOperation.REPORT:
      return report(system, process);
    default:
      return failed(Status.INVALID_PARAMETER);
  }
};
