import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TrustletError } from '../../../lib/errors.js';
import { type OpenOptions, open } from '../../../lib/open.js';
import { document, trustlet } from './capture.js';

const errorOf = async (argv: string | readonly string[]): Promise<Record<string, unknown>> =>
  document(await trustlet(argv))['error'] as Record<string, unknown>;

describe('wrong use of the command line', () => {
  const pids = [
    '-1',
    '4294967296',
    'NaN',
    '4x',
    '',
    ' 4',
    '+4',
    '1e3',
    '4.0',
    '0x',
    '0xg',

    '99999999999999999999999',
    '٤',
    'LsaIso.exe',
  ];
  for (const pid of pids) {
    test(`'${pid}' is no pid: exit code 2 and one clear line`, async () => {
      for (const command of [['check'], ['guard', 'read'], ['explain']]) {
        const run = await trustlet([...command, pid, '--scenario', 'plain']);
        assert.equal(run.code, 2);
        assert.equal(run.out, '');
        assert.equal(
          run.err,
          `trustlet: <pid> must be a whole number from 0 to 4294967295, decimal or 0x hexadecimal; got '${pid}'. [ERR_TRUSTLET_ARGUMENT]\n`,
        );
      }
    });
  }

  test('the largest pid is a pid', async () => {
    assert.equal((await trustlet('check 4294967295 --scenario plain')).code, 11);
    assert.equal((await trustlet('check 0xffffffff --scenario plain')).code, 11);
  });

  for (const code of ['x', '', '5x', '4294967296', '-2147483649', '0x100000000', 'ERROR_OF_MINE']) {
    test(`'${code}' is no error code: exit code 2`, async () => {
      const run = await trustlet(['explain', '4', '--error', code, '--scenario', 'plain']);
      assert.equal(run.code, 2);
      assert.match(run.err, /^trustlet: --error must be a Win32 error code, an NTSTATUS or an HRESULT .*\n$/);
    });
  }

  const misuses: readonly (readonly [string, RegExp])[] = [
    ['', /Name one of the commands/],
    ['frobnicate', /unknown command 'frobnicate'/],
    ['list --frobnicate', /unknown option '--frobnicate'/],
    ['list extra', /too many arguments for 'list'\. Expected 0 arguments but got 1; see/],
    ['check', /missing required argument 'pid'/],
    ['check -0x4', /unknown option '-0x4'/],
    ['check 4 8', /too many arguments/],
    ['guard read', /missing required argument 'pid'/],
    ['guard frobnicate 4', /<operation> must be one of queue-apc, .*duplicate-handle; got 'frobnicate'/],
    ['explain 4 --error', /argument missing/],
    ['--backend wmi list', /--backend takes auto, driver, ntdll or emulated; got 'wmi'/],
    ['--backend ntdll --scenario plain list', /--scenario describes an emulated machine/],
    ['--backend driver --scenario plain list', /--scenario describes an emulated machine/],
    ['list --scenario nosuch', /'nosuch' is neither a built-in scenario/],
    ['help frobnicate', /Name one of the commands/],
  ];
  for (const [argv, expected] of misuses) {
    test(`trustlet ${argv}: exit code 2`, async () => {
      const run = await trustlet(argv);
      assert.equal(run.code, 2);
      assert.equal(run.out, '');
      assert.match(run.err, expected);
      assert.match(run.err, /^trustlet: .*\[ERR_TRUSTLET_ARGUMENT\]$/m);
    });
  }

  test('an empty scenario is none', async () => {
    assert.equal((await trustlet(['list', '--scenario', ''])).code, 2);
  });

  test('backends of a later version: exit code 1 and the reason', async () => {
    for (const backend of ['replay', 'replay:file.json']) {
      const run = await trustlet(`list --backend ${backend}`);
      assert.equal(run.code, 1);
      assert.match(
        run.err,
        /^trustlet: The (driver|replay) backend is not part of this version; .*\[ERR_TRUSTLET_UNSUPPORTED\]\n$/,
      );
    }
  });

  test('--json gives the error as a document on stdout, and nothing on stderr', async () => {
    const run = await trustlet('check 4x --json');
    assert.equal(run.code, 2);
    assert.deepEqual(document(run), {
      schema: 1,
      error: {
        code: 'ERR_TRUSTLET_ARGUMENT',
        message: "<pid> must be a whole number from 0 to 4294967295, decimal or 0x hexadecimal; got '4x'.",
        ntstatus: null,
        ntstatusName: null,
        win32: null,
        pid: null,
        operation: null,
      },
    });
    assert.equal((await errorOf('--json'))['code'], 'ERR_TRUSTLET_ARGUMENT');
    assert.equal(
      (await errorOf('list --json --frobnicate'))['message'],
      "unknown option '--frobnicate'; see trustlet --help.",
    );
    const after = await trustlet(['check', '--', '--json']);
    assert.equal(after.out, '', 'after -- it is an argument');
    assert.match(after.err, /got '--json'/);
  });

  test('a control character in an argument reaches the terminal as text', async () => {
    const run = await trustlet(['check', '\u001b[2J']);
    assert.match(run.err, /got '\\u\{1b\}\[2J'/);
    assert.equal(run.err.split('\n').length, 2);
  });
});

describe('failures', () => {
  const failing = (error: unknown): { readonly open: (options: OpenOptions) => ReturnType<typeof open> } => ({
    open: () => {
      throw error;
    },
  });

  test('off Windows without a choice: exit code 1, and how to choose the emulated machine', {
    skip: process.platform === 'win32',
  }, async () => {
    const run = await trustlet('list');
    assert.equal(run.code, 1);
    assert.match(
      run.err,
      /^trustlet: There are no trustlets .* Here: trustlet --backend emulated.*\[ERR_TRUSTLET_UNSUPPORTED\]\n$/,
    );
    const named = await trustlet('list --backend ntdll');
    assert.equal(named.code, 1);
    assert.doesNotMatch(named.err, /Here:/);
  });

  test('an error of the backend: exit code 1, with its status in JSON', async () => {
    const lost = new TrustletError('ERR_TRUSTLET_BACKEND', 'The process list could not be read.\nTry again.', {
      ntstatus: 0xc0000022,
      win32: 5,
      pid: 4,
      operation: 'read',
    });
    const run = await trustlet('list', failing(lost));
    assert.equal(run.code, 1);
    assert.equal(run.err, 'trustlet: The process list could not be read. Try again. [ERR_TRUSTLET_BACKEND]\n');
    assert.deepEqual(document(await trustlet('list --json', failing(lost)))['error'], {
      code: 'ERR_TRUSTLET_BACKEND',
      message: 'The process list could not be read.\nTry again.',
      ntstatus: 0xc0000022,
      ntstatusName: 'STATUS_ACCESS_DENIED',
      win32: 5,
      pid: 4,
      operation: 'read',
    });
  });

  test('an error that is none of ours is reported as a fault of this program', async () => {
    const run = await trustlet('list', failing(new RangeError('out of range')));
    assert.equal(run.code, 1);
    assert.match(run.err, /^trustlet: trustlet met an error of its own.*RangeError: out of range \[ERR_INTERNAL\]\n$/);
    assert.match((await trustlet('list', failing('a string'))).err, /a string \[ERR_INTERNAL\]/);
  });

  describe('a scenario file', () => {
    let folder = '';
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'trustlet-cli-'));
    });
    after(() => rmSync(folder, { recursive: true }));

    test('that is none: exit code 1 and where it is wrong', async () => {
      const file = join(folder, 'broken.json');
      writeFileSync(file, '{ "schema": 1');
      const notJson = await trustlet(['list', '--scenario', file]);
      assert.equal(notJson.code, 1);
      assert.match(notJson.err, /\[ERR_TRUSTLET_FORMAT\]\n$/);
      writeFileSync(file, '{ "schema": 99 }');
      assert.match((await trustlet(['list', '--scenario', file])).err, /\[ERR_TRUSTLET_FORMAT\]\n$/);
    });

    test('of a user’s own', async () => {
      const file = join(folder, 'own.json');
      writeFileSync(
        file,
        JSON.stringify({
          schema: 1,
          name: 'own',
          title: 'a machine of my own',
          system: { build: 26100, vsm: true },
          agent: 'me',
          processes: [
            { label: 'me', image: 'me.exe', pid: 400, user: 'user' },
            { label: 'iso', image: 'Iso.exe', pid: 404, trustlet: { id: 1 } },
            { label: 'mine', image: 'mine.exe', pid: 408, user: 'user' },
          ],
        }),
      );
      assert.equal((await trustlet(['guard', 'read', '408', '--scenario', file])).code, 0);
      assert.equal((await trustlet(['check', '404', '--scenario', file])).code !== 0, true);
    });
  });
});

describe('choosing the machine', () => {
  test('the environment chooses where no option does, and an option wins', async () => {
    const backendOf = async (argv: string, env: Record<string, string>): Promise<unknown> =>
      (await trustlet(argv, { env })).lines.at(-1)?.match(/emulated machine, ([a-z0-9-]+):/)?.[1];
    assert.equal(await backendOf('list', { TRUSTLET_SCENARIO: 'vbs', TRUSTLET_BACKEND: 'emulated' }), 'vbs');
    assert.equal(await backendOf('list --backend emulated', { TRUSTLET_SCENARIO: 'vbs' }), 'vbs');
    assert.equal(await backendOf('list --backend emulated', { TRUSTLET_SCENARIO: '' }), 'credential-guard');
    assert.equal(await backendOf('list --backend emulated', {}), 'credential-guard');
    assert.equal(await backendOf('list --backend emulated --scenario plain', { TRUSTLET_SCENARIO: 'vbs' }), 'plain');
    assert.equal(await backendOf('--scenario plain list --backend auto', {}), 'plain');
  });

  test('the options reach open as they are', async () => {
    const seen: OpenOptions[] = [];
    const spy = (options: OpenOptions): ReturnType<typeof open> => {
      seen.push(options);
      return open({ backend: 'emulated' });
    };
    await trustlet('status', { open: spy });
    await trustlet('status --backend ntdll', { open: spy });
    await trustlet('status --scenario plain', { open: spy });
    assert.deepEqual(seen, [{}, { backend: 'ntdll' }, { scenario: 'plain' }]);
  });

  test('the vsm is closed afterwards, after a failure too', async () => {
    for (const argv of ['status', 'demo']) {
      const vsm = open({ backend: 'emulated' });
      let closed = 0;
      const watched = Object.create(vsm, {
        backend: { value: vsm.backend },
        machine: { value: undefined },
        posture: { value: () => vsm.posture() },
        close: { value: () => (closed += 1) },
      }) as typeof vsm;
      await trustlet(argv, { open: () => watched });
      assert.equal(closed, 1, argv);
    }
  });
});

describe('help and version', () => {
  test('--help lists the commands and the exit codes: exit code 0', async () => {
    const run = await trustlet('--help', { columns: 80 });
    assert.equal(run.code, 0);
    assert.equal(run.err, '');
    for (const command of ['status', 'list', 'check', 'guard', 'explain', 'demo']) {
      assert.match(run.out, new RegExp(`^ {2}${command}\\b`, 'm'));
    }
    assert.match(run.out, /^ {2}10 {2}the process is a trustlet/m);
    assert.doesNotMatch(run.out, /&&/, 'no check-then-act across two programs is recommended');
  });

  test('status --help and inspect --help list their exit codes', async () => {
    const status = await trustlet('status --help');
    assert.equal(status.code, 0);
    assert.match(status.out, /^Exit codes: 0 it was asked, whatever the answers are; 1 failure; 2 wrong use\.$/m);
    assert.match((await trustlet('inspect --help')).out, /^Exit codes: 0 every file was read; 1 .*; 11 /m);
  });

  test('guard --help lists the operations', async () => {
    const run = await trustlet('guard --help');
    assert.equal(run.code, 0);
    assert.match(run.out, /^ {2}queue-apc +QueueUserAPC/m);
    assert.equal((await trustlet('help guard')).out, run.out);
  });

  test('--version is the package’s', async () => {
    const run = await trustlet('--version');
    assert.equal(run.code, 0);
    assert.match(run.out, /^\d+\.\d+\.\d+.*\n$/);
  });
});
