/** The hostile machine: before each open, one process marked `volatile` ends and its pid goes to another program. */
import type { ScenarioProcess } from '../scenario.js';
import { reusePid } from './life-cycle.js';
import type { NtSystem } from './system.js';

/** Takes turns: an ordinary program, then (where there is VSM) a trustlet with the same image name. */
const successor = (
  turn: number,
  old: { readonly image: string; readonly sessionId: number },
  vsm: boolean,
): ScenarioProcess => ({
  label: `churn-${turn}`,
  image: old.image,
  session: old.sessionId,
  volatile: true,
  ...(vsm && turn % 2 === 0 ? { trustlet: { id: 1 } } : {}),
});

/** Replaces the next volatile process that no handle holds; does nothing when there is none. */
export const churn = (system: NtSystem): void => {
  const { state } = system;
  const candidates = [...state.processes.values()].filter(
    (process) => process.volatile && process.life === 'running' && process.references === 0,
  );
  const chosen = candidates[state.churned % Math.max(candidates.length, 1)];
  if (chosen === undefined) return;
  state.churned += 1;
  reusePid(system, chosen, successor(state.churned, chosen, system.parameters.vsm));
};
