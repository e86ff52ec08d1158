/** One moment of an emulated machine as plain data: who is where, which pages are whose, what was said between LSASS and LsaIso. */
import type { LoggedEvent } from '../emulator/hypervisor/event-log.js';
import type { Machine } from '../emulator/machine.js';
import type { PageRun } from '../emulator/page-map.js';
import type { ScenarioProcess } from '../emulator/scenario.js';

export interface PictureProcess {
  readonly label: string;
  readonly pid: number;
  readonly name: string;
  /** The VTL its own code runs in; for a pseudo-process, of the kernel that it stands for in process lists. */
  readonly vtl: 0 | 1;
  /** `kernel`: a pseudo-process, which runs no image of its own. */
  readonly mode: 'user' | 'kernel';
  /** null for what is no trustlet. */
  readonly trustletId: number | null;
  /** Pages of its memory that were touched so far. */
  readonly pages: number;
}

/** A message between LSASS and LsaIso, without what it says. */
export type Exchange = Extract<LoggedEvent, { readonly kind: 'rpc' }>;

export interface MachinePicture {
  /** The scenario’s name. */
  readonly scenario: string;
  readonly build: number;
  readonly hasHypervisor: boolean;
  readonly hasVtl1: boolean;
  /** The VTL each processor is in, by its number. */
  readonly activeVtls: readonly number[];
  /** Running processes, in the scenario’s order. */
  readonly processes: readonly PictureProcess[];
  readonly pages: readonly PageRun[];
  /** Oldest first, as far as the log still has them. */
  readonly exchanges: readonly Exchange[];
  /** Number of the event that comes next. */
  readonly nextEvent: number;
}

/** Pico processes run in user mode as well. */
const USER_KINDS: readonly ScenarioProcess['kind'][] = [undefined, 'normal', 'pico'];

const pictureProcess = (
  machine: Machine,
  { label, image, trustlet, kind }: ScenarioProcess,
): readonly PictureProcess[] => {
  const { pid, life, trustlet: isTrustlet, memoryInUse } = machine.process(label);
  if (life !== 'running') return [];
  const trustletId = isTrustlet ? (trustlet?.id ?? 0) : null;
  const mode = USER_KINDS.includes(kind) ? 'user' : 'kernel';
  return [
    {
      label,
      pid,
      name: image === '' ? label : image,
      vtl: isTrustlet ? 1 : 0,
      mode,
      trustletId,
      pages: memoryInUse / 4096,
    },
  ];
};

const isExchange = (event: LoggedEvent): event is Exchange => event.kind === 'rpc';

/** @returns the machine as it is now; it is not changed. Cost: as `machine.pageMap()` */
export const pictureOf = (machine: Machine): MachinePicture => ({
  scenario: machine.scenario.name,
  build: machine.scenario.system.build,
  hasHypervisor: machine.platform.hasVtl1 || machine.scenario.system.hypervisor === true,
  hasVtl1: machine.platform.hasVtl1,
  activeVtls: machine.hypervisor.describe().processors.map(({ activeVtl }) => activeVtl),
  processes: machine.scenario.processes.flatMap((entry) => pictureProcess(machine, entry)),
  pages: machine.pageMap(),
  exchanges: machine.events.filter(isExchange),
  nextEvent: (machine.events.at(-1)?.sequence ?? -1) + 1,
});
