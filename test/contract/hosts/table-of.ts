import { resolveScenario } from '../../../lib/emulator/resolve-scenario.js';
import type { Scenario, ScenarioProcess } from '../../../lib/emulator/scenario.js';
import { encodeProcessTable } from '../../../lib/testing/scenario-table.js';

/** The table of one process that is not in the scenario, resolved as if it were. */
export const tableOf = (entry: ScenarioProcess, scenario: Scenario): Uint8Array => {
  const resolved = resolveScenario({ ...scenario, processes: [...scenario.processes, entry], crowds: [] });
  return encodeProcessTable(
    resolved,
    resolved.processes.filter(({ label }) => label === entry.label),
  );
};
