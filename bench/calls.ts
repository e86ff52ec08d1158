/** The public calls that are measured of every backend, each with what it must answer. */
import type { Vsm } from '../lib/vsm.js';
import type { Crowd } from './crowd.js';
import { expect, expectLength, expectSecure, expectVerdict, secureAmong } from './expect.js';
import type { Where } from './results.js';
import { type Contender, inJavaScript } from './rounds.js';

/** What a guarded run is for. */
export const OPERATION = 'read';

export type CallName = 'query' | 'queryMany' | 'census' | 'census, read' | 'guard.run';

/** Who makes which call. */
export interface Call {
  readonly name: string;
  readonly where: Where;
  readonly call: CallName;
  /** How many pids, for `queryMany`. */
  readonly size: number;
}

/** The machine's first pids: all its trustlets are among them. */
export const firstPids = ({ pids }: Crowd, size: number): number[] => pids.slice(0, size);

export const contenderOf = (vsm: Vsm, crowd: Crowd, { name, where, call, size }: Call): Contender => {
  switch (call) {
    case 'query':
      return inJavaScript(name, where, () => vsm.query(crowd.trustlet), expectVerdict('secure'));
    case 'queryMany': {
      const pids = firstPids(crowd, size);
      return inJavaScript(
        name,
        where,
        () => vsm.queryMany(pids),
        (facts) => expectSecure(secureAmong(facts)),
      );
    }
    case 'census':
      return inJavaScript(name, where, () => vsm.census(), expectLength(crowd.size));
    case 'census, read':
      return inJavaScript(name, where, () => secureAmong(vsm.census()), expectSecure);
    case 'guard.run':
      return inJavaScript(
        name,
        where,
        () => vsm.guard.run(crowd.ordinary, OPERATION, (held) => held.pid),
        (pid) => expect('the pid held', pid, crowd.ordinary),
      );
  }
};
