/** A census for callers: every process at one moment, its facts decoded when read. */
import type { Backend, CensusRecords, SystemRecord } from './backend.js';
import { TrustletError } from './errors.js';
import { factsFrom } from './facts.js';
import type { BackendName, ProcessFacts } from './types.js';

/** How many processes have which verdict. Pseudo-processes are counted under their verdict and once more in `pseudo`. */
export interface CensusCounts {
  readonly total: number;
  readonly secure: number;
  readonly ordinary: number;
  readonly unknown: number;
  readonly pseudo: number;
}

/** Every process at one moment. Iterate it, index it with `at`, or look up a pid with `find`; no object is built before it is read. */
export class Census implements Iterable<ProcessFacts> {
  readonly backend: BackendName;
  readonly simulated: boolean;
  readonly #records: CensusRecords;
  readonly #system: SystemRecord;

  constructor(records: CensusRecords, system: SystemRecord, source: Pick<Backend, 'name' | 'simulated'>) {
    this.#records = records;
    this.#system = system;
    this.backend = source.name;
    this.simulated = source.simulated;
  }

  get length(): number {
    return this.#records.length;
  }

  /**
   * @param index 0 … length-1, in the order of the process list
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT outside that
   */
  at(index: number): ProcessFacts {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `The census has ${this.length} processes; there is no index ${String(index)}.`,
      );
    }
    return factsFrom(this.#records.record(index), this.#system, { name: this.backend, simulated: this.simulated });
  }

  /** The facts of a pid, undefined if it was not there. Linear. */
  find(pid: number): ProcessFacts | undefined {
    for (let index = 0; index < this.length; index += 1) {
      if (this.#records.pid(index) === pid) return this.at(index);
    }
    return undefined;
  }

  /** Counts by verdict; reads every record once. */
  counts(): CensusCounts {
    const counts = { total: 0, secure: 0, ordinary: 0, unknown: 0, pseudo: 0 };
    for (const facts of this) {
      counts.total += 1;
      counts[facts.verdict] += 1;
      if (facts.pseudo) counts.pseudo += 1;
    }
    return counts;
  }

  *[Symbol.iterator](): IterableIterator<ProcessFacts> {
    for (let index = 0; index < this.length; index += 1) yield this.at(index);
  }
}
