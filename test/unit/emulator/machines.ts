/** The machine the emulator's own tests run on: one process of each kind, named by what it is. */
import assert from 'node:assert/strict';
import {
  boot,
  type Machine,
  type Scenario,
  type ScenarioProcess,
  type ScenarioSystem,
  type Win32Surface,
} from '../../../lib/emulator/index.js';
import { TrustletError } from '../../../lib/errors.js';

export const ALL = 0x1fffff;

const PROCESSES: readonly ScenarioProcess[] = [
  { label: 'idle', image: '', kind: 'idle', pid: 0 },
  { label: 'system', image: 'System', kind: 'system', pid: 4 },
  { label: 'lsass', image: 'lsass.exe', protection: { type: 'ProtectedLight', signer: 'Lsa' } },
  { label: 'notepad', image: 'notepad.exe', user: 'user', session: 1, threads: 2 },
  { label: 'defender', image: 'MsMpEng.exe', protection: { type: 'ProtectedLight', signer: 'Antimalware' } },
  { label: 'leaving', image: 'leaving.exe', user: 'user', session: 1, state: 'exiting' },
  { label: 'pico', image: 'init', kind: 'pico', user: 'user', session: 1 },
  {
    label: 'agent',
    image: 'agent.exe',
    user: 'administrator',
    elevated: true,
    privileges: ['SeDebugPrivilege'],
    session: 1,
  },
  { label: 'user', image: 'explorer.exe', user: 'user', session: 1 },
];

const TRUSTLETS: readonly ScenarioProcess[] = [
  { label: 'secure-system', image: 'Secure System', kind: 'secure-system' },
  { label: 'lsaiso', image: 'LsaIso.exe', trustlet: { id: 1 } },
  { label: 'fsiso', image: 'FsIso.exe', trustlet: { id: 5, debugPolicy: 1 } },
  { label: 'bioiso', image: 'BioIso.exe', trustlet: { id: 4, debugPolicy: 2 } },
  { label: 'vmsp', image: 'vmsp.exe', trustlet: { id: 2, debugPolicy: 3 } },
  {
    label: 'ppl-trustlet',
    image: 'NgcIso.exe',
    trustlet: { id: 6 },
    protection: { type: 'ProtectedLight', signer: 'WinTcb' },
  },
];

export interface TestMachineOptions {
  readonly system?: Partial<ScenarioSystem>;
  readonly policies?: Readonly<Record<string, string>>;
}

export const testScenario = (system: Partial<ScenarioSystem> = {}): Scenario => {
  const whole = { build: 26100, vsm: true, ...system };
  return {
    schema: 1,
    name: 'emulator-tests',
    title: 'one process of each kind',
    system: whole,
    agent: 'agent',
    processes: whole.vsm ? [...PROCESSES, ...TRUSTLETS] : PROCESSES,
  };
};

/** Boots the machine of these tests: build 26100 with VSM unless said otherwise. */
export const testMachine = ({ system, policies }: TestMachineOptions = {}): Machine =>
  boot({ scenario: testScenario(system), policies });

/** Opens a process of the machine with every right, as the agent. */
export const openAll = (machine: Machine, label: string, win32: Win32Surface = machine.win32): bigint =>
  win32.OpenProcess(ALL, false, machine.pidOf(label));

/** Opens a process's first thread with every right, as the agent. */
export const openThread = (machine: Machine, label: string, win32: Win32Surface = machine.win32): bigint =>
  win32.OpenThread(ALL, false, machine.tidsOf(label)[0] ?? 0);

export const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(`${text}\0`, 'utf16le'));

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** kernel32!LoadLibraryW, which lies at one address in all processes. */
export const loadLibraryAddress = (machine: Machine): bigint =>
  machine.win32.GetProcAddress(machine.win32.GetModuleHandle('kernel32.dll'), 'LoadLibraryW');

/** The Flags word of an extended query through a handle of the agent's with the query right; -1 when it fails. */
export const flagsOf = (machine: Machine, label: string): number => {
  const { win32 } = machine;
  const handle = win32.OpenProcess(0x1000, false, machine.pidOf(label));
  const buffer = new Uint8Array(64);
  const status = win32.NtQueryInformationProcess(handle, 0, buffer);
  win32.CloseHandle(handle);
  return status === 0 ? new DataView(buffer.buffer).getUint32(56, true) : -1;
};

/** Expects ERR_TRUSTLET_ARGUMENT with a message. */
export const throwsArgument = (act: () => unknown, message: RegExp): void => {
  assert.throws(act, (error: unknown) => {
    assert.ok(TrustletError.is(error), String(error));
    assert.equal(error.code, 'ERR_TRUSTLET_ARGUMENT');
    assert.match(error.message, message);
    return true;
  });
};
