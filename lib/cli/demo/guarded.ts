/** What the guard says: check-then-act on one handle, on the trustlet and on the ordinary process. */
import { TrustletError } from '../../errors.js';
import { ntstatusName } from '../../ntstatus.js';
import type { Decision } from '../../types.js';
import type { Scene, Target } from './scene.js';
import type { DemoStep } from './step.js';

const LENGTH = 16;
const PARAMETER = 0x201n;

interface GuardedCall {
  readonly call: string;
  /** @returns what the callback did, or the decision of a check */
  readonly act: (scene: Scene, target: Target) => string | Decision;
}

const guardedCalls: readonly GuardedCall[] = [
  {
    call: 'guard.run read',
    act: ({ vsm, machine }, { pid, data }) =>
      vsm.guard.run(pid, 'read', ({ handle }) => {
        const count: [number] = [0];
        machine.win32.ReadProcessMemory(handle, data, new Uint8Array(LENGTH), LENGTH, count);
        return `${count[0]} bytes read`;
      }),
  },
  {
    call: 'guard.run queue-apc',
    act: ({ vsm, machine }, { pid, tid, code, label }) =>
      vsm.guard.run({ tid: tid ?? 0, pid }, 'queue-apc', ({ handle }) => {
        machine.win32.QueueUserAPC(code, handle, PARAMETER);
        machine.run();
        const ran = machine.process(label).executed.some(({ parameter }) => parameter === PARAMETER);
        return ran ? 'it ran' : 'it did not run';
      }),
  },
  { call: 'guard.check terminate', act: ({ vsm }, { pid }) => vsm.guard.check(pid, 'terminate') },
];

const isDecision = (value: unknown): value is Decision =>
  typeof value === 'object' && value !== null && 'decision' in value;

/** Runs `act`; a refusal becomes its decision. */
export const decisionOf = (act: () => string | Decision): string | Decision => {
  try {
    return act();
  } catch (error) {
    if (TrustletError.is(error) && error.code === 'ERR_TRUSTLET_REFUSED' && isDecision(error.decision)) {
      return error.decision;
    }
    throw error;
  }
};

/** @returns the step of a guarded call on a target */
export const guardedStep = (
  section: 'guard' | 'race',
  call: string,
  { pid, name, trustlet }: Pick<Target, 'pid' | 'name' | 'trustlet'>,
  result: string | Decision,
): DemoStep => {
  const decision = typeof result === 'string' ? null : result;
  const allowed = decision === null || decision.decision === 'allow';
  const said = decision === null ? `allow: ${result}` : `${decision.decision}: ${decision.reason}`;
  return {
    section,
    call,
    pid,
    name,
    trustlet,
    succeeded: allowed,
    status: decision === null ? 0 : decision.status,
    statusName: ntstatusName(decision === null ? 0 : decision.status),
    win32: null,
    outcome: said,
  };
};

export const guardedSteps = (scene: Scene, target: Target): DemoStep[] =>
  guardedCalls.map(({ call, act }) =>
    guardedStep(
      'guard',
      call,
      target,
      decisionOf(() => act(scene, target)),
    ),
  );
