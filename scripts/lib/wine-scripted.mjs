// Processes in Wine for which trustlet-sim.sys has scripted answers.

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const NO_PROTECTION = 0xff;
/** Bits of the Flags word (facts/nt.md 1.2). */
const BITS = { secure: 0x80, exiting: 0x04 };

/** A SPEC that is none. */
export class WrongUse extends Error {}

/**
 * @param {string} spec as `npm run wine:driver -- --help` has it
 * @returns {{ name: string, data: string }} `data` as test/wine/driver/seam/script.h has it, in hex
 * @throws {WrongUse}
 */
export function parseProcess(spec) {
  const [name, ...words] = spec.split(',');
  if (!/^[\w.-]+\.exe$/i.test(name)) throw new WrongUse(`--process=${spec}: '${name}' is no program's name`);
  const script = { status: 0, flags: 0, protection: NO_PROTECTION };
  for (const word of words) {
    const [key, value] = word.split('=');
    if (value === undefined && key in BITS) script.flags |= BITS[key];
    else if (value !== undefined && key in script && Number.isInteger(Number(value))) script[key] = Number(value);
    else throw new WrongUse(`--process=${spec}: '${word}' is not understood`);
  }
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(script.status >>> 0, 0);
  bytes.writeUInt32LE(script.flags >>> 0, 4);
  bytes.writeUInt8(script.protection & 0xff, 8);
  return { name, data: bytes.toString('hex') };
}

/**
 * Starts processes that do nothing, and tells trustlet-sim.sys, which must run, what they are.
 * @param {import('./wine.mjs').WinePrefix} prefix
 * @param {{ name: string, data: string }[]} processes
 * @param {string} tool of buildDriverTool
 * @returns {Promise<Map<string, string>>} pid by name
 */
export async function startScripted(prefix, processes, tool) {
  const folder = join(prefix.path, 'drive_c', 'scripted');
  mkdirSync(folder, { recursive: true });
  for (const { name } of processes) copyFileSync(tool, join(folder, name));
  const programs = processes.map(({ name }) => `C:\\scripted\\${name}`);
  const started = await prefix.wine([tool, 'spawn', ...programs], { timeout: 60 });
  const pids = started.stdout.match(/^\d+/gm) ?? [];
  if (started.exitCode !== 0 || pids.length !== processes.length)
    throw new Error(`the scripted processes do not start: ${started.stdout}${started.stderr}`);
  for (const [index, { data }] of processes.entries()) {
    const key = 'HKLM\\System\\CurrentControlSet\\Services\\trustlet-sim\\Parameters\\Processes';
    const args = ['reg', 'add', key, '/v', pids[index], '/t', 'REG_BINARY', '/d', data, '/f'];
    const written = await prefix.wine(args, { timeout: 60 });
    if (written.exitCode !== 0) throw new Error(`the registry cannot be written: ${written.stdout}${written.stderr}`);
  }
  return new Map(processes.map(({ name }, index) => [name, pids[index]]));
}
