/** The helper process, with node in PowerShell's place. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type HelperCommand, readWindowsConfiguration, runHelper } from '../../../lib/posture/helper-process.js';
import { HELPER_ARGUMENTS } from '../../../lib/posture/helper-script.js';
import type { PostureConfiguration } from '../../../lib/types.js';

const GOOD = JSON.stringify({
  trustlet: 1,
  deviceGuard: { values: { VirtualizationBasedSecurityStatus: 2 }, error: null },
  registry: Object.fromEntries(
    ['DeviceGuard', 'HypervisorEnforcedCodeIntegrity', 'Lsa', 'Policy', 'Windows'].map((key) => [
      key,
      { values: {}, error: null },
    ]),
  ),
});

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'trustlet-posture-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A program in JavaScript that stands in for PowerShell. */
const fake = (program: string): HelperCommand => ({
  file: process.execPath,
  args: ['-e', program],
  cwd: folder,
  env: {},
});

const run = (program: string, timeoutMs = 20_000): Promise<PostureConfiguration> =>
  runHelper(fake(program), { timeoutMs });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The pid that a fake wrote to its file. */
const pidIn = async (file: string): Promise<number> => {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      const pid = Number(readFileSync(file, 'utf8'));
      if (pid > 0) return pid;
    } catch {}
    await delay(20);
  }
  throw new Error('the fake did not start');
};

/** Tells its pid in a file and then hangs. */
const hanging = (file: string): string =>
  `require('node:fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;

describe('the helper process', () => {
  test('its answer is read', async () => {
    const { deviceGuard, registry } = await run(`process.stdout.write(${JSON.stringify(GOOD)})`);
    assert.equal(deviceGuard.values?.VirtualizationBasedSecurityStatus, 2);
    assert.equal(registry.state, 'answered');
  });

  test('one that hangs is ended at the time limit, and nothing is left running', async () => {
    const file = join(folder, 'hang');
    // On a busy machine it may be ended before it could tell its pid: then it gets more time.
    for (const timeoutMs of [700, 3000, 12_000]) {
      const { deviceGuard, registry } = await run(hanging(file), timeoutMs);
      assert.deepEqual(deviceGuard, {
        state: 'timed-out',
        problem: `PowerShell did not answer within ${timeoutMs} ms and was ended`,
        values: null,
      });
      assert.equal(registry.state, 'timed-out');
      if (existsSync(file)) break;
    }
    assert.equal(isAlive(await pidIn(file)), false);
  });

  test('one that was answering when the time was up is not believed', async () => {
    const { deviceGuard } = await run(
      `process.stdout.write(${JSON.stringify(GOOD)}); setInterval(() => {}, 1000)`,
      900,
    );
    assert.equal(deviceGuard.state, 'timed-out');
  });

  test('an abort ends it and rejects with the signal’s reason', async () => {
    const file = join(folder, 'abort');
    const controller = new AbortController();
    const promise = runHelper(fake(hanging(file)), { timeoutMs: 60_000, signal: controller.signal });
    const pid = await pidIn(file);
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(promise, reason);
    assert.equal(isAlive(pid), false);
  });

  test('with a signal that is aborted already, nothing is started', async () => {
    const file = join(folder, 'never');
    await assert.rejects(runHelper(fake(hanging(file)), { timeoutMs: 60_000, signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    assert.throws(() => readFileSync(file));
  });

  test('one that prints without end is ended', async () => {
    const { deviceGuard } = await run(`const more = () => process.stdout.write('x'.repeat(65536), more); more()`);
    assert.deepEqual(
      [deviceGuard.state, deviceGuard.problem],
      ['malformed', 'PowerShell printed more than 65536 bytes and was ended'],
    );
  });

  test('garbage is a diagnosis', async () => {
    const { registry } = await run(`process.stdout.write(Buffer.from([0xff, 0xfe, 0x00]))`);
    assert.equal(registry.problem, 'PowerShell did not print one JSON document');
  });

  test('a non-zero exit code is a failure, with what it complained of, whatever it printed', async () => {
    const { deviceGuard } = await run(
      `process.stdout.write(${JSON.stringify(GOOD)}); console.error('no\\u001b[31m module'); process.exitCode = 3`,
    );
    assert.equal(deviceGuard.state, 'failed');
    assert.equal(deviceGuard.problem, 'PowerShell ended with exit code 3: no [31m module');
  });

  test('a complaint without end is cut', async () => {
    const { deviceGuard } = await run(`process.stderr.write('y'.repeat(100000), () => process.exit(1))`);
    assert.ok((deviceGuard.problem ?? '').length < 400);
  });

  test('a program that is not there is a source that is not there', async () => {
    const missing = { ...fake(''), file: join(folder, 'powershell.exe') };
    const { deviceGuard } = await runHelper(missing, { timeoutMs: 1000 });
    assert.deepEqual([deviceGuard.state, deviceGuard.problem], ['unavailable', 'this system has no powershell.exe']);
  });

  test('a program that may not be started is refused', async () => {
    const { deviceGuard } = await runHelper({ ...fake(''), file: folder }, { timeoutMs: 1000 });
    assert.equal(deviceGuard.state, 'refused');
    assert.match(deviceGuard.problem ?? '', /could not be started: EACCES/);
  });
});

describe('where the helper is found', () => {
  const asked = async (source: Parameters<typeof readWindowsConfiguration>[1]): Promise<HelperCommand[]> => {
    const commands: HelperCommand[] = [];
    await readWindowsConfiguration({ timeoutMs: 5 }, source, async (command) => {
      commands.push(command);
      return (await import('../../../lib/posture/configuration.js')).NOT_ASKED;
    });
    return commands;
  };
  const windows = (env: Record<string, string>, arch = 'x64') => ({ platform: 'win32' as const, arch, env });

  test('below SystemRoot, by its full path, with an environment of one variable', async () => {
    assert.deepEqual(
      await asked(windows({ SystemRoot: 'D:\\Windows\\', PATH: 'C:\\evil', PSModulePath: 'C:\\evil' })),
      [
        {
          file: 'D:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
          args: HELPER_ARGUMENTS,
          cwd: 'D:\\Windows',
          env: { SystemRoot: 'D:\\Windows' },
        },
      ],
    );
  });

  test('the 64-bit one, for a 32-bit program too', async () => {
    const [command] = await asked(windows({ SYSTEMROOT: 'C:\\Windows', PROCESSOR_ARCHITEW6432: 'AMD64' }, 'ia32'));
    assert.equal(command?.file, 'C:\\Windows\\Sysnative\\WindowsPowerShell\\v1.0\\powershell.exe');
  });

  test('a SystemRoot that names no folder starts nothing', async () => {
    for (const SystemRoot of ['', 'Windows', '\\\\server\\share', 'C:\\Win" -Command "x']) {
      assert.deepEqual(await asked(windows({ SystemRoot })), []);
    }
    const { registry } = await readWindowsConfiguration({ timeoutMs: 5 }, windows({}));
    assert.deepEqual(
      [registry.state, registry.problem],
      ['unavailable', '%SystemRoot% names no folder, so PowerShell cannot be found'],
    );
  });

  test('there is none off Windows', async () => {
    const { deviceGuard } = await readWindowsConfiguration(
      { timeoutMs: 5 },
      { platform: 'linux', arch: 'x64', env: {} },
    );
    assert.deepEqual(
      [deviceGuard.state, deviceGuard.problem],
      ['unavailable', 'there is no WMI and no Windows registry on linux'],
    );
  });
});

describe('the helper’s program', () => {
  const script = HELPER_ARGUMENTS.at(-1) ?? '';

  test('no profile, no prompt, no encoded command, no double quote that a command line could break', () => {
    assert.deepEqual(HELPER_ARGUMENTS.slice(0, -1), [
      '-NoLogo',
      '-NoProfile',
      '-NonInteractive',
      '-InputFormat',
      'None',
      '-OutputFormat',
      'Text',
      '-Command',
    ]);
    assert.doesNotMatch(script, /"|\n|[^\x20-\x7e]/);
    assert.ok(script.length < 8000, `${script.length} characters`);
  });

  test('nothing that Constrained Language Mode refuses: no type, no cast, no method, no other object', () => {
    assert.doesNotMatch(script, /\[[A-Za-z]/);
    assert.doesNotMatch(script, /::|New-Object|Add-Type|Invoke-Expression|\.\w+\(/);
  });

  test('every cmdlet is named with its module, and modules come from PowerShell’s own folder', () => {
    for (const [, cmdlet] of script.matchAll(/(?:^|[\s;{(=])((?:\w[\w.]*\\)?[A-Z][a-z]+-[A-Z]\w+)/g)) {
      assert.ok(cmdlet === 'Import-Module' || cmdlet?.includes('\\'), cmdlet);
    }
    assert.equal([...script.matchAll(/Import-Module -Name \(\$PSHOME\+'\\Modules\\[\w.]+'\)/g)].length, 3);
    assert.equal([...script.matchAll(/Import-Module/g)].length, 3);
    assert.match(script, /\$PSModuleAutoLoadingPreference='None'/);
  });

  test('brackets and quotes are balanced', () => {
    const bare = script.replaceAll(/'[^']*'/g, '');
    assert.doesNotMatch(bare, /'/);
    for (const [open, close] of ['{}', '()'].map((pair) => [...pair])) {
      const count = (which: string | undefined): number => [...bare].filter((each) => each === which).length;
      assert.equal(count(open), count(close));
    }
  });
});
