/** Fills in everything a scenario leaves open. Pure: the same scenario gives the same machine, the seed included. */
import { TrustletError } from '../errors.js';
import { IDLE_PID, ProcessFlag, SYSTEM_PID, startKeyOf } from '../layout/index.js';
import { FIRST_ID, ID_STEP } from './nt/ids.js';
import { classificationOf, fixedFlagsOf, protectionByte } from './nt/process-factory.js';
import { type SystemParameters, systemParameters } from './nt/system-parameters.js';
import type { ResolvedProcess, ResolvedScenario, Scenario, ScenarioProcess } from './scenario.js';

/** 2025-01-01 00:00 UTC as FILETIME; a machine boots within the year that follows. */
const EARLIEST_BOOT = 133_801_632_000_000_000n;
const SECOND = 10_000_000n;
/** At most two seconds between two processes, in 100 ns. */
const LONGEST_GAP = 20_000_000;
const SECONDS_PER_YEAR = 31_536_000;

/** mulberry32: 32 bits of state, good enough to make machines differ. @returns whole numbers from 0 to `below` - 1 */
const generator = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
};

const isPseudo = ({ kind }: ScenarioProcess): boolean => kind !== undefined && kind !== 'normal' && kind !== 'pico';

/**
 * The Flags word by the bits of facts/nt.md 1.2, as this kernel reports it when the process is asked first.
 *
 * Secure System has a secure handle too, so bit 7 is expected for it [unverified] (facts/nt.md 4.1). IsTrustedApp (26100 and
 * later) is never set: what it means is not documented, so no scenario can ask for it.
 */
const flagsWord = (entry: ScenarioProcess, protection: number, { secureBit }: SystemParameters): number => {
  const secure = entry.trustlet !== undefined || entry.kind === 'secure-system';
  return (
    fixedFlagsOf(entry, protection) |
    (entry.state === 'exiting' ? ProcessFlag.IsProcessDeleting : 0) |
    (secure && secureBit === 'reported' ? ProcessFlag.IsSecureProcess : 0)
  );
};

/** Processes and threads take their ids from one table, as on Windows. */
class Ids {
  readonly #taken: Set<number>;
  #next: number;

  constructor(taken: Iterable<number>, gap: number) {
    this.#taken = new Set(taken);
    this.#next = FIRST_ID + gap * ID_STEP;
  }

  take(gap: number): number {
    this.#next += gap * ID_STEP;
    while (this.#taken.has(this.#next)) this.#next += ID_STEP;
    const id = this.#next;
    this.#next += ID_STEP;
    return id;
  }
}

const fixedPid = ({ kind, pid }: ScenarioProcess): number | undefined => {
  if (kind === 'idle') return IDLE_PID;
  return kind === 'system' ? SYSTEM_PID : pid;
};

const entriesOf = ({ processes, crowds }: Scenario): ScenarioProcess[] => {
  const entries = [...processes];
  for (const { label, count, image, parent, session, user, threads } of crowds ?? []) {
    for (let n = 1; n <= count; n += 1) entries.push({ label: `${label}-${n}`, image, parent, session, user, threads });
  }
  return entries;
};

const NO_PARENT = 0;

/**
 * @param scenario one that `parseScenario` let pass
 * @returns every process with its ids, times, keys and words; linear in processes and threads
 * @throws TrustletError ERR_TRUSTLET_FORMAT when `agent` is the label of no process
 */
export const resolveScenario = (scenario: Scenario): ResolvedScenario => {
  const system = systemParameters(scenario);
  const random = generator(system.seed);
  const entries = entriesOf(scenario);
  const ids = new Ids(
    entries.map(fixedPid).filter((pid) => pid !== undefined),
    random(8),
  );
  const bootId = BigInt(system.bootId);
  const bootTime = EARLIEST_BOOT + BigInt(random(SECONDS_PER_YEAR)) * SECOND;
  const pids = new Map<string, number>();
  const tids = entries.map((entry) => {
    pids.set(entry.label, fixedPid(entry) ?? ids.take(random(6)));
    const own: number[] = [];
    for (let left = entry.threads ?? (isPseudo(entry) ? 0 : 1); left > 0; left -= 1) own.push(ids.take(random(2)));
    return own;
  });
  let sinceBoot = 0;
  let sequenceNumber = 0;
  const processes = entries.map((entry, index): ResolvedProcess => {
    // Idle is there before there is time (facts/nt.md 1.4: it cannot be opened, so nothing ever asks it).
    const idle = entry.kind === 'idle';
    if (!idle) {
      // Some processes came and went in between.
      sequenceNumber += 1 + random(3);
      sinceBoot += 1 + random(LONGEST_GAP);
    }
    const sequence = idle ? 0n : BigInt(sequenceNumber);
    const protection = protectionByte(entry.protection);
    return {
      label: entry.label,
      entry,
      pid: pids.get(entry.label) ?? 0,
      parentPid: entry.parent === undefined ? NO_PARENT : (pids.get(entry.parent) ?? NO_PARENT),
      tids: tids[index] ?? [],
      createTime: idle ? 0n : bootTime + BigInt(sinceBoot),
      sequenceNumber: sequence,
      startKey: idle ? 0n : startKeyOf(bootId, sequence),
      protection,
      classification: classificationOf(entry),
      flags: flagsWord(entry, protection, system),
    };
  });
  const agent = processes.find(({ label }) => label === scenario.agent);
  if (agent === undefined) {
    throw new TrustletError(
      'ERR_TRUSTLET_FORMAT',
      `The scenario is wrong at agent: no process has the label '${scenario.agent}'.`,
    );
  }
  return { scenario, processes, agent };
};
