/** The posture of a system whose PowerShell is none: Wine's powershell.exe is a stand-in that prints nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { open } from '../../lib/index.js';

describe('the posture over Wine', () => {
  test('postureAsync says that PowerShell told nothing, and guesses nothing', async () => {
    using vsm = open();
    const { sources, features, findings } = await vsm.postureAsync({ timeoutMs: 60_000 });
    for (const source of [sources.deviceGuard, sources.registry]) {
      assert.equal(source.state, 'failed');
      assert.match(source.problem ?? '', /^PowerShell printed nothing/);
      assert.equal(source.values, null);
    }
    assert.equal(features.vbs.configured.value, null);
    assert.notEqual(features.vbs.running.value, true);
    assert.equal(findings.filter(({ kind, cause }) => kind === 'gap' && cause === 'source-failed').length, 2);
  });

  test('a PowerShell that is not there is a source that is not there', async () => {
    const { runHelper } = await import('../../lib/posture/helper-process.js');
    const missing = { file: 'C:\\nowhere\\powershell.exe', args: [], cwd: 'C:\\windows', env: {} };
    const { deviceGuard } = await runHelper(missing, { timeoutMs: 60_000 });
    assert.equal(deviceGuard.state, 'unavailable');
  });

  test('a helper that hangs is ended', async () => {
    const { runHelper } = await import('../../lib/posture/helper-process.js');
    const hanging = {
      file: process.execPath,
      args: ['-e', 'setInterval(() => {}, 1000)'],
      cwd: 'C:\\windows',
      env: {},
    };
    const { registry } = await runHelper(hanging, { timeoutMs: 1500 });
    assert.equal(registry.state, 'timed-out');
  });
});
