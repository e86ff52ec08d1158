import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { document, trustlet } from './capture.js';

describe('trustlet status', () => {
  test('each answer stands with its evidence', () => {
    const run = trustlet('status --scenario credential-guard');
    assert.equal(run.code, 0);
    assert.match(run.out, /^Windows 10\.0\.26100 +ANSWER +EVIDENCE$/m);
    assert.match(run.out, /^VSM: secure kernel running +yes +class 165 SecureKernelRunning$/m);
    assert.match(run.out, /^Credential Guard configured +unknown +no NT query tells/m);
    assert.match(run.out, /^test signing +no +class 103 TESTSIGN$/m);
    assert.match(run.lines.at(-1) ?? '', /\(simulated\)$/);
  });

  test('without VSM it is not running', () => {
    const run = trustlet('status --scenario plain');
    assert.equal(run.code, 0);
    assert.match(run.out, /^VSM: secure kernel running +no /m);
    assert.match(run.out, /^Credential Guard running +no /m);
  });

  test('the evidence wraps at the terminal’s edge', () => {
    const { lines } = trustlet('status --scenario credential-guard', { columns: 80 });
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.ok(lines.some((line) => /^ {30,}registry and by policy/.test(line)));
  });

  test('--json has the answers, their evidence and the raw words', () => {
    const status = document(trustlet('status --scenario credential-guard --json'));
    assert.deepEqual(Object.keys(status).slice(0, 3), ['schema', 'backend', 'simulated']);
    assert.deepEqual(status['windows'], { major: 10, minor: 0, build: 26100 });
    assert.deepEqual(status['vsm'], { running: { value: true, evidence: 'class 165 SecureKernelRunning' } });
    for (const member of ['vbs', 'hvci', 'credentialGuard', 'secureBoot', 'sources'])
      assert.ok(member in status, member);
  });
});
