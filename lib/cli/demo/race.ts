/** The race that makes a check worthless by itself: a process exits between check and act, and its pid goes to another. */
import type { Machine } from '../../emulator/machine.js';
import { TrustletError } from '../../errors.js';
import { ProcessAccess } from '../../guard/operations.js';
import { ntstatusName } from '../../ntstatus.js';
import { decisionOf, guardedStep } from './guarded.js';
import type { Scene } from './scene.js';
import { type DemoStep, STOPPED, survives } from './step.js';

const MARK: Uint8Array = new TextEncoder().encode('for the worker');
const WRITE_RIGHTS = ProcessAccess.VM_WRITE | ProcessAccess.VM_OPERATION;

/** A label nobody on this machine has. */
const freeLabel = (machine: Machine, wish: string): string => {
  const taken = new Set(machine.scenario.processes.map(({ label }) => label));
  let label = wish;
  while (taken.has(label)) label += "'";
  return label;
};

interface Actors {
  readonly scene: Scene;
  /** Starts a worker that the agent may open. @returns its label and pid */
  readonly startWorker: (number: number) => { readonly label: string; readonly pid: number };
  /** The worker exits and its pid goes to another program. @returns the other's image name */
  readonly reuse: (label: string, number: number) => string;
  /** The other program is a trustlet: only a machine with VSM has those. */
  readonly otherIsTrustlet: boolean;
}

const actorsOf = (scene: Scene): Actors => {
  const { machine } = scene;
  const { scenario } = machine;
  const { user, session } = scenario.processes.find(({ label }) => label === scenario.agent) ?? {};
  const otherIsTrustlet = scenario.system.vsm;
  return {
    scene,
    otherIsTrustlet,
    startWorker: (number) => {
      const label = freeLabel(machine, `demo worker ${number}`);
      return { label, pid: machine.spawn({ label, image: 'worker.exe', user, session }) };
    },
    reuse: (label, number) => {
      const other = freeLabel(machine, `demo other ${number}`);
      const image = otherIsTrustlet ? 'BioIso.exe' : 'payroll.exe';
      machine.reuse(label, {
        label: other,
        image,
        ...(otherIsTrustlet ? { trustlet: { id: 4 } } : { user, session }),
      });
      return image;
    },
  };
};

/** What a guard that only checks does: ask by pid, then act by pid. */
const naive = ({ scene, startWorker, reuse, otherIsTrustlet }: Actors): DemoStep[] => {
  const { vsm, machine } = scene;
  const { win32 } = machine;
  const { label, pid } = startWorker(1);
  const { verdict } = vsm.query(pid);
  const data = machine.process(label).dataAddress;
  const checked: DemoStep = {
    section: 'race',
    call: 'check by pid',
    pid,
    name: 'worker.exe',
    trustlet: false,
    succeeded: true,
    status: 0,
    statusName: 'STATUS_SUCCESS',
    win32: null,
    outcome: `is ${verdict}; it exits and its pid is reused`,
  };
  const name = reuse(label, 1);
  const start = machine.snapshot();
  const before = machine.touches.length;
  const handle = win32.OpenProcess(WRITE_RIGHTS, false, pid);
  const opened = handle !== 0n;
  const succeeded = opened && win32.WriteProcessMemory(handle, data, MARK, MARK.length);
  const win32Error = succeeded ? null : win32.GetLastError();
  const status = machine.touches[before]?.status ?? null;
  const survived = survives(machine, start);
  if (opened && survived) win32.CloseHandle(handle);
  const what = otherIsTrustlet ? `${name} (trustlet)` : name;
  const said = status === null || !survived ? STOPPED : ntstatusName(status);
  return [
    checked,
    {
      section: 'race',
      call: 'write by that pid',
      pid,
      name,
      trustlet: otherIsTrustlet,
      succeeded,
      status,
      statusName: status === null ? null : ntstatusName(status),
      win32: win32Error,
      outcome: opened ? `is ${what}: ${said}` : `is ${what}: only access control was in the way (${win32Error})`,
    },
  ];
};

/** The same race inside `guard.run`: the pid changes hands just before the guard's own open. */
const guarded = ({ scene, startWorker, reuse, otherIsTrustlet }: Actors): DemoStep => {
  const { vsm, machine } = scene;
  const { label, pid } = startWorker(2);
  const { createTime, startKey } = vsm.query(pid);
  let name = '';
  machine.before('NtOpenProcess', () => (name = reuse(label, 2)), { nth: 1, label });
  // Against a trustlet the bare pid is enough; another ordinary program only its identity tells.
  const identity = { pid, createTime: createTime ?? undefined, startKey: startKey ?? undefined };
  const target = otherIsTrustlet ? pid : identity;
  const result = decisionOf(() => vsm.guard.run(target, 'write', () => 'the callback was entered'));
  return guardedStep('race', 'guard.run, same race', { pid, name, trustlet: otherIsTrustlet }, result);
};

/** While a handle is held its object lives, so nobody else can get the pid. */
const held = ({ scene, startWorker, reuse }: Actors): DemoStep => {
  const { vsm, machine } = scene;
  const { label, pid } = startWorker(3);
  const result = decisionOf(() =>
    vsm.guard.run(pid, 'write', () => {
      machine.exit(label);
      try {
        return `it exits, and its pid went to ${reuse(label, 3)}`;
      } catch (error) {
        if (TrustletError.is(error) && machine.handlesTo(label) > 0) {
          return 'it exits; the held handle keeps the pid';
        }
        throw error;
      }
    }),
  );
  return guardedStep('race', 'guard.run, holding', { pid, name: 'worker.exe', trustlet: false }, result);
};

export const raceSteps = (scene: Scene): DemoStep[] => {
  const actors = actorsOf(scene);
  return [...naive(actors), guarded(actors), held(actors)];
};
