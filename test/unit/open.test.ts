import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { boot } from '../../lib/emulator/index.js';
import { TrustletError } from '../../lib/errors.js';
import { open, openIn, type Surroundings } from '../../lib/open.js';
import { loadScenario } from '../../lib/scenario-file.js';
import { isSecureProcess } from '../../lib/shared-default.js';

const on = (platform: NodeJS.Platform, environment: Record<string, string> = {}): Surroundings => ({
  platform,
  environment,
  ntdllLibrary: 'no-such-library',
});

const throws = (act: () => unknown, code: string, message: RegExp): void => {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof TrustletError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
};

describe('choosing a backend', () => {
  test('off Windows the default is a clear error at the call, which names the way out', () => {
    throws(() => openIn(on('linux'), {}), 'ERR_TRUSTLET_UNSUPPORTED', /linux.*TRUSTLET_BACKEND=emulated/);
    throws(() => openIn(on('darwin'), { backend: 'ntdll' }), 'ERR_TRUSTLET_UNSUPPORTED', /darwin/);
    const real = { only: ['driver', 'ntdll'] } as const;
    throws(
      () => openIn(on('linux'), real),
      'ERR_TRUSTLET_UNSUPPORTED',
      /linux.*for tests open\(\{ backend: 'emulated' \}\) without it/,
    );
    throws(() => openIn(on('linux'), { backend: 'auto' }), 'ERR_TRUSTLET_UNSUPPORTED', /linux/);
  });

  test('a machine goes in by name, alone', () => {
    const machine = boot();
    throws(() => open(machine as never), 'ERR_TRUSTLET_ARGUMENT', /open\(\{ backend: machine \}\)/);
    throws(
      () => open({ backend: machine, scenario: 'plain' } as never),
      'ERR_TRUSTLET_ARGUMENT',
      /does not go with backend \(a machine that is booted\)/,
    );
  });

  test('a name in code chooses, and a new machine is booted each time', () => {
    const first = open({ backend: 'emulated' });
    const second = open({ backend: 'emulated' });
    assert.equal(first.backend.name, 'emulated');
    assert.equal(first.backend.simulated, true);
    assert.match(first.backend.description, /credential-guard/);
    assert.notEqual(first.machine, second.machine);
  });

  test('a scenario in code implies the emulated machine', () => {
    assert.match(open({ scenario: 'plain' }).backend.description, /plain/);
    const scenario = loadScenario('vbs');
    assert.match(open({ scenario }).backend.description, /vbs/);
  });

  test('a machine is attached to', () => {
    const machine = boot('plain');
    assert.equal(open({ backend: machine }).machine, machine);
  });

  test('code wins over the environment', () => {
    const vsm = openIn(on('linux', { TRUSTLET_BACKEND: 'ntdll', TRUSTLET_SCENARIO: 'vbs' }), {
      backend: 'emulated',
      scenario: 'plain',
    });
    assert.match(vsm.backend.description, /plain/);
  });

  test('the environment chooses off Windows, and all parts of a program share its machine', () => {
    const environment = { TRUSTLET_BACKEND: 'emulated', TRUSTLET_SCENARIO: 'vbs' };
    const first = openIn(on('linux', environment), {});
    assert.match(first.backend.description, /vbs/);
    assert.equal(openIn(on('linux', environment), {}).machine, first.machine);
    assert.match(openIn(on('linux', { TRUSTLET_SCENARIO: 'plain' }), {}).backend.description, /plain/);
    assert.match(openIn(on('linux', { TRUSTLET_BACKEND: 'emulated' }), {}).backend.description, /credential-guard/);
  });

  test('the environment chooses the scenario where the code names the emulated machine alone', () => {
    const environment = { TRUSTLET_BACKEND: 'ntdll', TRUSTLET_SCENARIO: 'vbs' };
    const first = openIn(on('linux', environment), { backend: 'emulated' });
    assert.match(first.backend.description, /vbs/);
    assert.notEqual(openIn(on('linux', environment), { backend: 'emulated' }).machine, first.machine);
    assert.match(openIn(on('win32', environment), { backend: 'emulated' }).backend.description, /vbs/);
  });

  test('no environment variable chooses a simulated backend on Windows', () => {
    const environment = { TRUSTLET_BACKEND: 'emulated', TRUSTLET_SCENARIO: 'plain' };
    throws(() => openIn(on('win32', environment), {}), 'ERR_TRUSTLET_BACKEND_REFUSED', /not honoured on Windows/);
    throws(
      () => openIn(on('win32', { TRUSTLET_BACKEND: 'replay' }), {}),
      'ERR_TRUSTLET_BACKEND_REFUSED',
      /not honoured/,
    );
    throws(() => openIn(on('win32', { TRUSTLET_SCENARIO: 'plain' }), {}), 'ERR_TRUSTLET_BACKEND', /no-such-library/);
    assert.match(openIn(on('win32', environment), { allowSimulated: true }).backend.description, /plain/);
  });

  test('only refuses what is not on the list, whoever chose it', () => {
    throws(
      () => openIn(on('win32'), { only: ['emulated'] }),
      'ERR_TRUSTLET_BACKEND_REFUSED',
      /accepts only emulated \(options\.only\), and driver or ntdll was the default here/,
    );
    throws(
      () => openIn(on('win32'), { backend: 'driver', only: ['ntdll'] }),
      'ERR_TRUSTLET_BACKEND_REFUSED',
      /accepts only ntdll \(options\.only\), and driver was chosen in code/,
    );
    throws(
      () => openIn(on('linux', { TRUSTLET_BACKEND: 'emulated' }), { only: ['driver', 'ntdll'] }),
      'ERR_TRUSTLET_BACKEND_REFUSED',
      /emulated was chosen by TRUSTLET_BACKEND/,
    );
    throws(
      () => open({ backend: boot('plain'), only: ['ntdll'] }),
      'ERR_TRUSTLET_BACKEND_REFUSED',
      /emulated was chosen in code/,
    );
    throws(
      () => openIn(on('linux'), { only: [], backend: 'emulated' }),
      'ERR_TRUSTLET_BACKEND_REFUSED',
      /no backend at all/,
    );
    assert.equal(open({ backend: 'emulated', only: ['emulated'] }).backend.name, 'emulated');
  });

  test('a backend that does not exist, or not in this version, is refused by name', () => {
    throws(
      () => openIn(on('win32', { TRUSTLET_BACKEND: 'kernel' }), {}),
      'ERR_TRUSTLET_ARGUMENT',
      /'kernel' \(chosen by TRUSTLET_BACKEND or TRUSTLET_SCENARIO\)/,
    );
    throws(
      () => openIn(on('win32', { TRUSTLET_BACKEND: 'replay' }), { allowSimulated: true }),
      'ERR_TRUSTLET_UNSUPPORTED',
      /replay backend is not part of this version; there are driver, ntdll and emulated/,
    );
  });

  test('a scenario beside a machine, or beside another backend, is a contradiction', () => {
    throws(
      () => open({ backend: boot('hostile'), scenario: 'plain' }),
      'ERR_TRUSTLET_ARGUMENT',
      /does not go with backend/,
    );
    throws(
      () => openIn(on('win32'), { backend: 'ntdll', scenario: 'plain' }),
      'ERR_TRUSTLET_ARGUMENT',
      /backend 'ntdll'/,
    );
    assert.match(open({ backend: 'auto', scenario: 'plain' } as never).backend.description, /plain/);
  });

  test('a scenario object is checked as a scenario, not as boot options', () => {
    for (const scenario of [{}, { scenario: 'hostile' }, { name: 'x' }]) {
      throws(() => open({ scenario: scenario as never }), 'ERR_TRUSTLET_FORMAT', /./);
    }
  });

  test('options are checked', () => {
    for (const options of [
      null,
      7,
      { backends: 'x' },
      { backend: 7 },
      { backend: {} },
      { only: 'ntdll' },
      { only: ['x'] },
      { allowSimulated: 1 },
    ]) {
      throws(() => openIn(on('linux'), options), 'ERR_TRUSTLET_ARGUMENT', /options/);
    }
  });
});

describe('a scenario by name or file', () => {
  test('a file is read, checked and named in errors', () => {
    const folder = mkdtempSync(join(tmpdir(), 'trustlet-'));
    try {
      const good = join(folder, 'mine.json');
      writeFileSync(good, JSON.stringify({ ...loadScenario('plain'), name: 'mine' }));
      assert.match(open({ scenario: good }).backend.description, /mine/);
      const marked = join(folder, 'marked.json');
      writeFileSync(marked, `\uFEFF${JSON.stringify(loadScenario('plain'))}`);
      assert.equal(loadScenario(marked).name, 'plain', 'a byte order mark is skipped');
      const notJson = join(folder, 'not.json');
      writeFileSync(notJson, '{');
      throws(() => loadScenario(notJson), 'ERR_TRUSTLET_FORMAT', /not\.json is not JSON/);
      const wrong = join(folder, 'wrong.json');
      writeFileSync(wrong, '{"schema":1}');
      throws(() => loadScenario(wrong), 'ERR_TRUSTLET_FORMAT', /wrong\.json: .*missing|wrong\.json: /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a file that is too large to be a scenario is not read to its end', {
    skip: process.platform === 'win32',
  }, () => {
    throws(() => loadScenario('/dev/zero'), 'ERR_TRUSTLET_FORMAT', /\/dev\/zero is longer than 64 MiB/);
  });

  test('what is neither a name nor a file lists the names', () => {
    throws(
      () => loadScenario('no-such-thing'),
      'ERR_TRUSTLET_ARGUMENT',
      /neither a built-in scenario \(.*credential-guard.*\) nor a file/,
    );
  });
});

test('isSecureProcess uses one shared default and says what is wrong off Windows', {
  skip: process.platform === 'win32',
}, () => {
  throws(() => isSecureProcess(4), 'ERR_TRUSTLET_UNSUPPORTED', /needs Windows/);
});
