import assert from 'node:assert/strict';
import { test } from 'node:test';

process.env['TRUSTLET_BACKEND'] = 'emulated';
const { open: openForPid } = await import('trustlet');
const pid = openForPid({ allowSimulated: true }).census().at(1).pid;
const console = { log: (...parts: unknown[]) => assert.ok(parts.length > 0) };

test('the README’s first snippet runs', async () => {
  // README
  const { isSecureProcess, open } = await import('trustlet');

  isSecureProcess(pid); // true | false; throws ERR_TRUSTLET_UNKNOWN when it cannot be known: treat that as true

  const vsm = open(); // on Windows: the driver, else ntdll; elsewhere a clear error here, never at import
  vsm.backend.fallback; // null, or one sentence: why not the driver
  vsm.query(pid).verdict; // 'secure' | 'ordinary' | 'unknown', with reason, evidence and NTSTATUS; never throws for the target's state
  for (const facts of vsm.census()) if (facts.verdict === 'secure') console.log(facts.pid, facts.name);
  vsm.posture().vsm.running; // { value: true, evidence: 'class 165 SecureKernelRunning' }
  vsm.explain(pid, 998, { api: 'WriteProcessMemory' }).summary; // why it fails; pid null: why a driver or an enclave does not load
  vsm.close(); // or: using vsm = open()
  // README
});
