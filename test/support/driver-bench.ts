/** A driver backend over a fake device, with everything that a test may want to turn. */
import type { Backend } from '../../lib/backend.js';
import { createDriverBackend } from '../../lib/backends/driver.js';
import type { Wire } from '../../lib/protocol/index.js';
import { FakeBackend } from './fake-backend.js';
import { FakeBinding } from './fake-device.js';

const NO_SUCH_CLASS = { status: 0xc0000003, returnLength: 0 };

export interface DriverBench {
  /** The processes there are. */
  readonly source: FakeBackend;
  readonly binding: FakeBinding;
  /** @param wire the protocol as the package knows it */
  open(wire?: Wire): Backend;
}

/** Pid 100 is ordinary, 104 a trustlet, 108 being deleted; 120 and 124 are threads of the first two. */
export const driverBench = (): DriverBench => {
  const source = new FakeBackend();
  source.addProcess(100, { createTime: 1000n });
  source.addProcess(104, { createTime: 2000n, flags: 0x80, name: 'LsaIso.exe' });
  source.addProcess(108, { createTime: 3000n, flags: 0x4 });
  source.addThread(120, { pid: 100, grants: 0x1fffff });
  source.addThread(124, { pid: 104, grants: 0x1fffff });
  const binding = new FakeBinding(source, { querySystemInformation: () => NO_SUCH_CLASS });
  return { source, binding, open: (wire) => createDriverBackend({ binding, wire }) };
};
