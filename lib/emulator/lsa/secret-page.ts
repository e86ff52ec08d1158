/**
 * The boot's key and the random bytes of one VTL. Key and generator are state of a page of that VTL, and nowhere else: VTL1's are
 * IumMkPerBoot and what the secure kernel gives trustlets (facts/vsm.md 4.3). Emulated: the page is filled from the scenario's name,
 * build, seed and boot id, so that one scenario always boots into the same machine; another seed or boot id is another boot.
 */
import type { NtSystem } from '../nt/system.js';
import { joined, wipe } from './bytes.js';

const KEY_LENGTH = 32;
const GENERATOR = 32;
const COUNTER = 64;
const LENGTH = 72;

const encoder = new TextEncoder();

const fill = (system: NtSystem, vtl: 0 | 1, page: number): void => {
  const { scenario, parameters, cryptography } = system;
  const { build, seed, bootId } = parameters;
  const boot = encoder.encode(JSON.stringify([scenario.name, build, seed, bootId, vtl]));
  const derive = (use: string): Uint8Array => cryptography.hmacSha256(encoder.encode(`emulated ${use}`), boot);
  const [key, generator] = [derive('boot key'), derive('generator')];
  const content = joined(key, generator, new Uint8Array(LENGTH - COUNTER));
  system.memory.copy(vtl, page, 0, content, 'write');
  wipe(key, generator, content);
};

const secretPage = (system: NtSystem, vtl: 0 | 1): number => {
  const { secretPages } = system.state;
  const known = secretPages[vtl];
  if (known !== null) return known;
  const page = system.memory.takePage(vtl);
  secretPages[vtl] = page;
  fill(system, vtl, page);
  return page;
};

/** The key of this boot: 32 bytes for the caller to wipe. Only VTL1 gets VTL1's. */
export const bootKey = (system: NtSystem, vtl: 0 | 1): Uint8Array => {
  const key = new Uint8Array(KEY_LENGTH);
  system.memory.copy(vtl, secretPage(system, vtl), 0, key, 'read');
  return key;
};

/** The next random bytes of a VTL. @param length at most 32 */
export const randomBytes = (system: NtSystem, vtl: 0 | 1, length: number): Uint8Array => {
  const page = secretPage(system, vtl);
  const state = new Uint8Array(LENGTH - GENERATOR);
  system.memory.copy(vtl, page, GENERATOR, state, 'read');
  const key = state.subarray(0, COUNTER - GENERATOR);
  const counter = state.subarray(COUNTER - GENERATOR);
  const bytes = system.cryptography.hmacSha256(key, counter);
  const view = new DataView(state.buffer, COUNTER - GENERATOR, 8);
  view.setBigUint64(0, view.getBigUint64(0, true) + 1n, true);
  system.memory.copy(vtl, page, COUNTER, counter, 'write');
  wipe(key);
  return bytes.slice(0, length);
};
