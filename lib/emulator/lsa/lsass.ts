/**
 * LSASS in VTL0: the client of LsaIso, and on a machine without it the keeper of the secrets itself (facts/vsm.md 4). What it holds
 * lies in its own pages, which are NT's: VTL0's kernel reads and writes every byte of it.
 */
import { TrustletError } from '../../errors.js';
import { Status } from '../../ntstatus.js';
import { addRegion, copyMemory, PageProtection, regionAt } from '../nt/memory.js';
import type { ProcessObject } from '../nt/objects.js';
import { ensureAddressSpace, ownVtl, plant } from '../nt/process-memory.js';
import type { NtSystem } from '../nt/system.js';
import { decodeFields } from './fields.js';
import { findLsaIso, hasLsaIso, isListening, serveOneRequest } from './lsaiso.js';
import { encodeMessage, parseMessage } from './messages.js';
import { answerMessage } from './operations.js';
import type { RpcChannel } from './rpc-channel.js';
import type { SecretKeeper } from './secret-keeper.js';
import { randomBytes } from './secret-page.js';
import { LsaStatus } from './statuses.js';

/** Its memory for logons: what is typed, then a slot for each logon. */
const REGION = 0x1_b000_0000;
const SLOT_SIZE = 4096;
const SLOTS = 256;
const NO_FIELDS: readonly Uint8Array[] = [];

/** What an operation came to: the fields of its answer, none unless it succeeded. */
export interface LsaAnswer {
  readonly status: number;
  readonly fields: readonly Uint8Array[];
}

/** Who keeps the secrets of a machine: LsaIso; LsaIso, which does not answer; or LSASS. */
export type LsaIsolation = 'isolated' | 'unreachable' | 'none';

const failed = (status: number): LsaAnswer => ({ status, fields: NO_FIELDS });

/** A process is LSASS by its label, else by its image: other processes may call themselves so. */
const isLsass = ({ image, life, processKind }: ProcessObject): boolean =>
  image.toLowerCase() === 'lsass.exe' && life === 'running' && processKind === 'normal';

export class Lsass {
  readonly #system: NtSystem;
  readonly channel: RpcChannel;

  constructor(system: NtSystem, channel: RpcChannel) {
    this.#system = system;
    this.channel = channel;
  }

  /** @throws TrustletError ERR_TRUSTLET_UNSUPPORTED where none runs, ERR_TRUSTLET_BACKEND once the machine is down */
  process(): ProcessObject {
    this.#system.requireRunning();
    const { labels, processes } = this.#system.state;
    const labelled = labels.get('lsass');
    if (labelled !== undefined && isLsass(labelled)) return labelled;
    for (const process of processes.values()) if (isLsass(process)) return process;
    throw new TrustletError(
      'ERR_TRUSTLET_UNSUPPORTED',
      'No LSASS runs on this machine (a process with the image lsass.exe): there is nobody to log on to.',
    );
  }

  get isolation(): LsaIsolation {
    if (findLsaIso(this.#system) !== null) return isListening(this.#system) ? 'isolated' : 'unreachable';
    return hasLsaIso(this.#system) && this.#system.platform.hasVtl1 ? 'unreachable' : 'none';
  }

  /**
   * Has an operation done, wherever that is.
   * @param count fields that the answer has
   */
  call(interfaceId: number, operation: number, payload: Uint8Array, count: number): LsaAnswer {
    const { state } = this.#system;
    state.time += 1n;
    const callId = state.lsa.nextCallId;
    state.lsa.nextCallId = (callId + 1) >>> 0;
    const request = encodeMessage({ kind: 'request', callId, interfaceId, operation, status: 0, payload });
    const reply = this.send(request);
    request.fill(0);
    const answer = reply === null ? null : parseMessage(reply);
    if (reply === null) return failed(LsaStatus.RPC_SERVER_UNAVAILABLE);
    if (answer === null || answer.kind === 'request' || answer.callId !== callId)
      return failed(LsaStatus.RPC_PROTOCOL_ERROR);
    if (answer.status !== Status.SUCCESS) return failed(answer.status);
    const fields = answer.kind === 'response' ? decodeFields(answer.payload, count) : null;
    return fields === null ? failed(LsaStatus.RPC_BAD_STUB_DATA) : { status: Status.SUCCESS, fields };
  }

  /** Sends a message as it is. @returns the answer, null where nobody gave one */
  send(message: Uint8Array): Uint8Array | null {
    const system = this.#system;
    if (this.isolation === 'none') return answerMessage(this.#keeper(), message);
    return this.channel.exchange(message, () => {
      // VTL0 has had its way with the request, and may have ended the server.
      const server = isListening(system) ? findLsaIso(system) : null;
      if (server === null) return;
      system.secureKernel.run(server, (calls) => serveOneRequest(system, server, calls));
    });
  }

  /** A place for a logon. @throws TrustletError ERR_TRUSTLET_BACKEND where 256 are logged on */
  freeSlot(taken: readonly number[]): number {
    for (let slot = 1; slot <= SLOTS; slot++) if (!taken.includes(slot)) return slot;
    throw new TrustletError(
      'ERR_TRUSTLET_BACKEND',
      `LSASS of the emulated machine holds ${SLOTS} logons, and has no room for more; log somebody off.`,
    );
  }

  /** Writes into its memory. @param slot 0 is where what is typed lies */
  write(slot: number, offset: number, bytes: Uint8Array): void {
    const { memory } = this.#system;
    const process = this.process();
    const space = ensureAddressSpace(memory, process);
    if (regionAt(space, REGION) === undefined) {
      const [owner, protection] = [ownVtl(process), PageProtection.READWRITE];
      const size = (SLOTS + 1) * SLOT_SIZE;
      addRegion(space, { base: REGION, size, kind: 'private', owner, protection, committed: true });
    }
    plant(memory, ownVtl(process), space, REGION + slot * SLOT_SIZE + offset, bytes);
  }

  read(slot: number, offset: number, length: number): Uint8Array {
    const process = this.process();
    const space = ensureAddressSpace(this.#system.memory, process);
    const bytes = new Uint8Array(length);
    copyMemory(this.#system.memory, ownVtl(process), space, REGION + slot * SLOT_SIZE + offset, bytes, 'read');
    return bytes;
  }

  /** Zeroes what is typed, whatever has become of the machine or of this LSASS meanwhile. */
  wipeTyped(process: ProcessObject): void {
    const { space } = process;
    if (space !== null) plant(this.#system.memory, ownVtl(process), space, REGION, new Uint8Array(SLOT_SIZE));
  }

  wipe(slot: number): void {
    this.write(slot, 0, new Uint8Array(SLOT_SIZE));
  }

  /** Without LsaIso LSASS computes itself, with secrets as they are. */
  #keeper(): SecretKeeper {
    const system = this.#system;
    return {
      cryptography: system.cryptography,
      time: system.state.time,
      ntlmV1Refusal: Status.SUCCESS,
      random: (length) => randomBytes(system, 0, length),
      keep: (_, secret) => ({ encrypted: false, bytes: secret.slice() }),
      reveal: (_, { encrypted, bytes }) => (encrypted ? null : bytes.slice()),
    };
  }
}
