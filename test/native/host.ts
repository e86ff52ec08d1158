/** What the tests of the host build share: the binding, a machine, and requests to the driver on it. Simulated kernel. */
import assert from 'node:assert/strict';
import { resolveScenario } from '../../lib/emulator/resolve-scenario.js';
import type { Scenario, ScenarioProcess } from '../../lib/emulator/scenario.js';
import type { HostBinding, NativeDevice } from '../../lib/native/binding.js';
import { loadHostBinding } from '../../lib/native/load-binding.js';
import { Codec } from '../../lib/protocol/index.js';
import { encodeProcessTable, encodeScenarioTable } from '../../lib/testing/scenario-table.js';

/** Of trustlet_host.node: scripts/test-addon.mjs gives it. */
export const hostPath = (): string => {
  const path = process.env['TRUSTLET_TEST_ADDON'];
  if (path === undefined) throw new Error('run these tests with node scripts/test-addon.mjs');
  return path;
};

export const binding: HostBinding = loadHostBinding(hostPath());
export const codec = new Codec();
export const DEVICE = '\\\\.\\Trustlet';
export const NONE: Uint8Array = new Uint8Array(0);

export const Status = {
  INVALID_HANDLE: 0xc0000008,
  INVALID_CID: 0xc000000b,
  INVALID_DEVICE_REQUEST: 0xc0000010,
  ACCESS_DENIED: 0xc0000022,
  BUFFER_TOO_SMALL: 0xc0000023,
  DEVICE_NOT_CONNECTED: 0xc000009d,
  INVALID_USER_BUFFER: 0xc00000e8,
  CANCELLED: 0xc0000120,
  FILE_CLOSED: 0xc0000128,
} as const;

export const AGENT = 2000;
export const LSAISO = 812;
export const NOTEPAD = 2400;

const scenario: Scenario = {
  schema: 1,
  name: 'native',
  title: 'the machine of the addon’s tests',
  system: { build: 26100, vsm: true },
  agent: 'agent',
  processes: [
    { label: 'system', image: 'System', kind: 'system', pid: 4 },
    {
      label: 'agent',
      image: 'agent.exe',
      pid: AGENT,
      parent: 'system',
      threads: 2,
      user: 'administrator',
      elevated: true,
    },
    { label: 'lsaiso', image: 'LsaIso.exe', pid: LSAISO, parent: 'system', trustlet: { id: 1 } },
    { label: 'notepad', image: 'notepad.exe', pid: NOTEPAD, parent: 'agent', threads: 2, access: 'everyone' },
  ],
};
const resolved = resolveScenario(scenario);

export const table = (): Uint8Array => encodeScenarioTable(resolved);

/** The same machine with a crowd of others: a CENSUS of it keeps the driver busy for a tenth of a second and more. */
export const crowdedTable = (count: number): Uint8Array =>
  encodeScenarioTable(
    resolveScenario({ ...scenario, crowds: [{ label: 'crowd', count, image: 'x.exe', parent: 'system' }] }),
  );

/** The table of one other process, for `host.reuse`. */
export const processTable = (entry: ScenarioProcess): Uint8Array => {
  const other = resolveScenario({ ...scenario, processes: [...scenario.processes, entry] });
  return encodeProcessTable(
    other,
    other.processes.filter(({ label }) => label === entry.label),
  );
};

export const tidOf = (pid: number, index = 0): number =>
  resolved.processes.find((process) => process.pid === pid)?.tids[index] ?? assert.fail(`no thread of ${pid}`);

export const boot = (): void => binding.host.boot(table());

/** Nothing may be left behind, by the addon or by the driver. */
export const shutdown = (): void => assert.equal(binding.host.shutdown(), '');

export const open = (): NativeDevice => {
  const device = binding.openDevice(DEVICE);
  return typeof device === 'number' ? assert.fail(`the device does not open: error ${device}`) : device;
};

export const hello = (device: NativeDevice): number =>
  device.ioctl(codec.code('HELLO'), codec.encodeHello(), new Uint8Array(72));

/** The verdict on a process as the driver has it: 0 unknown, 1 ordinary, 2 secure. */
export const verdictOf = (device: NativeDevice, pid: number): string => {
  const output = new Uint8Array(codec.replyLength('QUERY', 1));
  const length = device.ioctl(codec.code('QUERY'), codec.encodeQuery([pid]), output);
  assert.equal(length, output.length);
  return codec.decodeQuery(output, [pid]).judgement(0).verdict;
};

/** A request that keeps the driver busy for some milliseconds: the largest QUERY there is. */
export const longRequest = (): { code: number; input: Uint8Array; output: () => Uint8Array } => {
  const pids = Array<number>(4096).fill(LSAISO);
  const length = codec.replyLength('QUERY', pids.length);
  return { code: codec.code('QUERY'), input: codec.encodeQuery(pids), output: () => new Uint8Array(length) };
};

/** Collects garbage and lets finalizers run, until a condition holds. */
export const collectUntil = async (done: () => boolean): Promise<void> => {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('run with --expose-gc');
  for (let round = 0; round < 50 && !done(); round += 1) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(done(), 'after 50 collections');
};
