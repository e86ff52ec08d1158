/** The main job on what really runs: the command line over this system's own ntdll. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSecureProcess, open, TrustletError } from '../../lib/index.js';
import { trustlet } from '../unit/cli/capture.js';

describe('the processes really running here (Wine: no verdict but unknown)', () => {
  test('the census names this very program, its pid and its parent', () => {
    using vsm = open();
    assert.equal(vsm.backend.name, 'ntdll');
    assert.equal(vsm.backend.simulated, false);
    assert.match(
      vsm.backend.description,
      /^NT calls of Wine \d+\.\d+.* \(ntdll\.dll\)$/,
      'a report must not pass for Windows',
    );
    const own = vsm.census().find(process.pid);
    assert.match(own?.name ?? '', /^node\.exe$/i);
    assert.equal(own?.parentPid, process.ppid);
    assert.ok((own?.createTime ?? 0n) > 0n);
  });

  test('the shared default opens ntdll and says unknown instead of guessing', () => {
    assert.throws(
      () => isSecureProcess(process.pid),
      (error: unknown) =>
        error instanceof TrustletError &&
        error.code === 'ERR_TRUSTLET_UNKNOWN' &&
        error.ntstatusName === 'STATUS_INFO_LENGTH_MISMATCH',
    );
  });

  test('a census and a query give the same identity', () => {
    using vsm = open();
    const listed = vsm.census().find(process.pid);
    assert.equal(listed?.createTime, vsm.query(process.pid).createTime);
  });

  test('explain says that it cannot be known and what to do', () => {
    using vsm = open();
    const explanation = vsm.explain(process.pid, 5);
    assert.equal(explanation.causes[0]?.cause, 'unknown');
    assert.match(explanation.causes[0]?.advice ?? '', /Treat it as a trustlet/);
  });

  test('trustlet list shows them, calls none of them ordinary, and exits 11', async () => {
    const { code, out, err } = await trustlet('list');
    assert.equal(err, '');
    assert.equal(code, 11);
    assert.match(out, new RegExp(`^\\? +${process.pid} +unknown .* node\\.exe +query-failed$`, 'm'));
    assert.match(out, /^\d+ processes: 0 secure, 0 ordinary, \d+ unknown$/m);
    assert.match(out, /^seen on: ntdll, NT calls of Wine /m);
  });

  test('trustlet check says of this process what the README shows', async () => {
    const { code, out } = await trustlet(`check ${process.pid}`);
    assert.equal(code, 11);
    assert.match(out, /^verdict +unknown \(query-failed\): leave it alone$/m);
    assert.match(out, /^status +STATUS_INFO_LENGTH_MISMATCH \(0xC0000004\)$/m);
  });
});
