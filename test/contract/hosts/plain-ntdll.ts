/**
 * The contract's host over the ntdll of the system at hand: Wine's, or a real Windows'. Labels are a few real processes: `agent` is
 * this one, `ordinary` a child that waits.
 */
import { spawn } from 'node:child_process';
import { open } from '../../../lib/open.js';
import type { ContractHost, HostMachine } from '../../../lib/testing/index.js';

const REAL = 'labels are a few real processes here, and nothing is scripted';

/** Whether this system is Wine, and whether it knows the 64-byte form at all, asked of this very process. */
const look = (): { readonly isWine: boolean; readonly answers: boolean } => {
  using vsm = open({ backend: 'ntdll' });
  return { isWine: vsm.backend.description.includes('Wine'), answers: vsm.query(process.pid).flags !== null };
};

export const plainNtdllHost = (): ContractHost => {
  const { isWine, answers } = look();
  return {
    name: 'ntdll of this system',
    seenOn: isWine ? 'Wine' : 'Windows (not yet run)',
    capabilities: {
      'extended-query': answers || 'this system does not answer the extended query',
      'no-extended-query': !answers || 'the extended query is answered here',
      'asks-as-user': true,
      'asks-as-kernel': 'this backend asks with the rights of its user',
      scenarios: REAL,
      exit: REAL,
      reuse: REAL,
      fail: REAL,
      'handle-count': REAL,
    },
    boot: (): HostMachine => {
      const vsm = open({ backend: 'ntdll', only: ['ntdll'] });
      const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 120_000)'], { stdio: 'ignore' });
      const unsupported = (): never => {
        throw new Error(REAL);
      };
      return {
        vsm,
        pidOf: (label) => {
          if (label === 'agent') return process.pid;
          if (label === 'ordinary' && child.pid !== undefined) return child.pid;
          throw new Error(`there is no process '${label}' here`);
        },
        tidOf: unsupported,
        exit: unsupported,
        reuse: unsupported,
        fail: unsupported,
        openHandles: unsupported,
        close: () => {
          child.kill();
          vsm.close();
        },
      };
    },
  };
};
