/** Records for tests that need no machine. */
import type { ProcessRecord, SystemRecord } from '../../lib/backend.js';

/** A record of an ordinary, fully answering process; override what the test is about. */
export const record = (over: Partial<ProcessRecord> = {}): ProcessRecord => ({
  pid: 100,
  openStatus: 0,
  extendedStatus: 0,
  flags: 0,
  protection: 0,
  classification: null,
  name: 'notepad.exe',
  parentPid: 4,
  sessionId: 1,
  createTime: 0x1d0000000000000n,
  startKey: 0x1000000000064n,
  reused: false,
  ...over,
});

/** Windows 11 24H2 with the secure kernel running. */
export const system = (over: Partial<SystemRecord> = {}): SystemRecord => ({
  build: 26100,
  isolatedUserModeStatus: 0,
  isolatedUserModeFlags: 0x101,
  ...over,
});
