/** The failures people ask about most, each asked the way they would, on the emulated machine. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, type Machine } from '../../../lib/emulator/index.js';
import { open } from '../../../lib/open.js';
import type { Explanation } from '../../../lib/types.js';
import type { Vsm } from '../../../lib/vsm.js';

interface Field {
  readonly machine: Machine;
  readonly vsm: Vsm;
}

const field = (scenario: string): Field => {
  const machine = boot(scenario);
  return { machine, vsm: open({ backend: machine }) };
};

const failuresOf = ({ causes }: Explanation): readonly string[] => causes.map(({ failure }) => failure);
const first = ({ causes: [cause] }: Explanation): Explanation['causes'][number] => {
  assert.ok(cause !== undefined);
  return cause;
};

describe('what people meet in the field', () => {
  test('998 on WriteProcessMemory to LsaIso: the pages are VTL1’s, and no right changes that', () => {
    const { machine, vsm } = field('credential-guard');
    const pid = machine.pidOf('lsaiso');
    const { win32 } = machine;
    const handle = win32.OpenProcess(0x0028, false, pid);
    assert.equal(win32.WriteProcessMemory(handle, machine.process('lsaiso').imageBase, new Uint8Array(4), 4), false);
    const met = win32.GetLastError();
    win32.CloseHandle(handle);
    assert.equal(met, 998);
    const explanation = vsm.explain(pid, met, { api: 'WriteProcessMemory' });
    const cause = first(explanation);
    assert.deepEqual(failuresOf(explanation), ['trustlet']);
    assert.match(explanation.summary, /^pid \d+ \(LsaIso\.exe\): It is a trustlet/);
    assert.match(cause.text, /its memory belongs to VTL1\. WriteProcessMemory on one: .*998/);
    assert.match(cause.evidence, /^bit 7 \(IsSecureProcess\) set in a 64-byte class 0 query of pid \d+/);
    assert.match(cause.advice, /^No right or privilege changes that\./);
    assert.equal(cause.seen, true);
  });

  test('5 on lsass under RunAsPPL: signer and missing rights by name, and that it is no trustlet', () => {
    const { machine, vsm } = field('credential-guard');
    const pid = machine.pidOf('lsass');
    assert.equal(machine.win32.OpenProcess(0x0010, false, pid), 0n);
    const explanation = vsm.explain(pid, machine.win32.GetLastError(), { api: 'ReadProcessMemory' });
    const cause = first(explanation);
    assert.equal(cause.failure, 'protected');
    assert.match(cause.text, /PPL-Lsa, 0x41/);
    assert.match(cause.text, /has no protection: it lacks PROCESS_VM_READ \(ReadProcessMemory\)/);
    assert.match(cause.text, /does not make the process a trustlet/);
    assert.match(cause.advice, /SeDebugPrivilege included, changes that/);
    assert.match(cause.evidence, /class 61 of pid \d+ is 0x41/);
    assert.equal(explanation.facts?.verdict, 'ordinary');
  });

  test('empty image path of LsaIso: it is read from a PEB that lies in VTL1; the kernel knows the path', () => {
    const { machine, vsm } = field('credential-guard');
    for (const api of ['GetModuleFileNameExW', 'EnumProcessModules', 'K32GetModuleBaseNameA']) {
      const explanation = vsm.explain(machine.pidOf('lsaiso'), undefined, { api });
      assert.deepEqual(failuresOf(explanation), ['trustlet'], api);
      assert.match(first(explanation).text, /No module and no path/);
      assert.match(first(explanation).advice, /^Ask QueryFullProcessImageName:/);
    }
  });

  test('“Secure System” in a process list: it is VTL0’s shell of the secure kernel and no intruder', () => {
    const { machine, vsm } = field('vbs');
    const row = vsm.census().find(machine.pidOf('secure-system'));
    assert.ok(row !== undefined);
    const explanation = vsm.explain(row);
    assert.equal(first(explanation).failure, 'secure-system');
    assert.match(explanation.summary, /\(Secure System\): It is the Secure System pseudo-process/);
    assert.match(first(explanation).advice, /no sign of an intruder/);
    assert.match(first(explanation).evidence, /classification SecureSystem in the process list/);
  });

  test('an APC that never runs: of a trustlet it is isolation, of an ordinary process its thread does not wait for it', () => {
    const { machine, vsm } = field('credential-guard');
    const trustlet = vsm.explain(machine.pidOf('lsaiso'), undefined, { api: 'QueueUserAPC' });
    assert.deepEqual(failuresOf(trustlet), ['trustlet']);
    assert.match(first(trustlet).text, /reports success and the APC never runs/);
    const ordinary = vsm.explain(machine.pidOf('notepad'), undefined, { api: 'QueueUserAPC' });
    assert.deepEqual(failuresOf(ordinary), ['apc-waits']);
    assert.equal(first(ordinary).seen, false);
    assert.match(first(ordinary).text, /alertable wait/);
  });

  test('debugger attach refused: by the secure kernel for a trustlet, by protection for lsass', () => {
    const { machine, vsm } = field('credential-guard');
    const { win32 } = machine;
    const lsaiso = machine.pidOf('lsaiso');
    assert.equal(win32.DebugActiveProcess(lsaiso), false);
    const refused = vsm.explain(lsaiso, win32.GetLastError(), { api: 'DebugActiveProcess' });
    assert.equal(first(refused).failure, 'trustlet');
    assert.match(first(refused).text, /STATUS_ACCESS_DENIED from the secure kernel/);
    const lsass = vsm.explain(machine.pidOf('lsass'), 0xc0000712, { api: 'NtDebugActiveProcess' });
    assert.deepEqual(failuresOf(lsass), ['protected']);
    assert.match(first(lsass).text, /it may not debug it, whatever its handle’s rights/);
  });

  test('injection into Hyper-V helper processes: vmsp is a trustlet, vmwp and vmmem are not, and the name proves nothing', () => {
    const { machine, vsm } = field('credential-guard');
    const vmsp = machine.spawn({ label: 'vmsp', image: 'vmsp.exe', trustlet: { id: 2 } });
    const worker = machine.spawn({ label: 'vmwp', image: 'vmwp.exe' });
    const secure = vsm.explain(vmsp, 5, { api: 'LoadLibrary' });
    assert.deepEqual(failuresOf(secure), ['trustlet', 'rights-refused', 'hyper-v-helper']);
    const ordinary = vsm.explain(worker, 5, { api: 'CreateRemoteThread' });
    assert.deepEqual(failuresOf(ordinary), ['rights-refused', 'hyper-v-helper']);
    const helper = ordinary.causes.at(-1);
    assert.match(helper?.text ?? '', /By its name, which proves nothing, it is a virtual machine’s worker/);
    assert.equal(helper?.known, 'assumed');
    assert.match(helper?.advice ?? '', /the guest is not in them/);
  });

  test('VBS configured but not running: every reason that was found, with its next step', async () => {
    const { vsm } = field('vbs-not-running');
    const explanation = vsm.explain(null, 50, { api: 'CreateEnclave', posture: await vsm.postureAsync() });
    assert.equal(explanation.pid, null);
    assert.ok(explanation.causes.length >= 3);
    assert.equal(new Set(explanation.causes.map(({ source }) => source)).size, explanation.causes.length);
    for (const { cause } of explanation.causes) assert.equal(cause, 'vbs-not-running');
    assert.match(explanation.summary, /^This system: VBS is enabled in policy, not running: no hypervisor runs/);
    assert.match(first(explanation).advice, /virtualization .*in the firmware/);
    assert.ok(explanation.causes.some(({ text }) => /it requires Secure Boot, which is off/.test(text)));
  });

  test('a driver blocked by memory integrity or policy: 577 is its signature first, 1275 a policy, and memory integrity is told', async () => {
    const { vsm } = field('credential-guard');
    const posture = await vsm.postureAsync();
    const hash = vsm.explain(null, 577, { api: 'StartService', posture });
    assert.deepEqual(failuresOf(hash), ['driver-signature', 'driver-memory-integrity', 'driver-policy']);
    assert.match(first(hash).advice, /CodeIntegrity\/Operational/);
    const blocked = vsm.explain(null, 1275, { api: 'StartService', posture });
    assert.deepEqual(failuresOf(blocked), ['driver-policy', 'driver-memory-integrity']);
    assert.match(first(blocked).advice, /3077/);
    // Where memory integrity does not run it is no cause.
    const bare = field('vbs-not-running').vsm;
    assert.ok(
      !failuresOf(bare.explain(null, 577, { posture: await bare.postureAsync() })).includes('driver-memory-integrity'),
    );
  });

  test('a pid that changed owner between list and act: both identities, and no word about the newcomer', () => {
    const { machine, vsm } = field('credential-guard');
    const listed = vsm.census().find(machine.pidOf('notepad'));
    assert.ok(listed !== undefined);
    machine.reuse('notepad', 'newcomer');
    const explanation = vsm.explain(listed, 5, { api: 'OpenProcess' });
    assert.deepEqual(failuresOf(explanation), ['pid-reused']);
    assert.match(first(explanation).evidence, /asked for create time \d+, start key \d+; pid \d+ has create time \d+/);
    assert.match(first(explanation).advice, /never act on a pid alone/);
    // The pid alone is the newcomer, which is ordinary.
    assert.deepEqual(failuresOf(vsm.explain(listed.pid)), ['nothing-known']);
  });

  test('nothing is done to anybody, and no handle is left', async () => {
    const { machine, vsm } = field('credential-guard');
    for (const row of vsm.census()) vsm.explain(row.pid, 5, { api: 'TerminateProcess' });
    vsm.explain(null, 577, { posture: await vsm.postureAsync() });
    assert.deepEqual(machine.touches, []);
    assert.equal(machine.openHandles(), 0);
  });
});
