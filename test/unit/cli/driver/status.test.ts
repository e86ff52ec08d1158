import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusReport } from '../../../../lib/cli/commands/status.js';
import { open } from '../../../../lib/open.js';
import { document, trustlet } from '../capture.js';
import { driver, json, windows, withDriver } from './commands.js';
import { DRIVER_PATH, type FakeWindows } from './fake-windows.js';
import { driverImage } from './images.js';

const SIGNED = `TL1;0;2;${Buffer.from('CN=WHCP, O=Microsoft Corporation, C=US').toString('base64')}`;
const SHA256 = /^[0-9a-f]{64}$/;

describe('trustlet driver status', () => {
  test('the JSON document has every member', async () => {
    const fake = withDriver((each) => {
      each.install({ state: 4, start: 2 });
      each.powershell = SIGNED;
    });
    const status = await json(fake, 'status');
    const told = status['driver'] as Record<string, Record<string, unknown>>;
    assert.match(String(told['file']?.['sha256']), SHA256);
    assert.deepEqual(status, {
      schema: 1,
      action: 'status',
      done: true,
      changed: [],
      notes: [],
      driver: {
        service: 'trustlet',
        installed: true,
        state: 'running',
        start: 'auto',
        kernelDriver: true,
        markedForDeletion: false,
        path: DRIVER_PATH,
        clientServiceSid: null,
        file: {
          path: DRIVER_PATH,
          sha256: told['file']?.['sha256'],
          machine: 'x64',
          version: '0.1.0.0',
          forceIntegrity: true,
          controlFlowGuard: true,
          trustlet: true,
        },
        signature: {
          state: 'valid',
          evidence: "Get-AuthenticodeSignature: the signature of a catalogue is good, and Microsoft's",
          signer: 'CN=WHCP, O=Microsoft Corporation, C=US',
        },
      },
    });
  });

  test('nothing there: every member is null', async () => {
    assert.deepEqual((await json(windows(), 'status'))['driver'], {
      service: 'trustlet',
      installed: false,
      state: null,
      start: null,
      kernelDriver: null,
      markedForDeletion: null,
      path: null,
      clientServiceSid: null,
      file: null,
      signature: null,
    });
  });

  test('a file that is no driver is named as that', async () => {
    const fake = withDriver((each) => each.files.set(DRIVER_PATH, Buffer.from('abc')));
    const told = (await json(fake, 'status'))['driver'] as Record<string, unknown>;
    assert.deepEqual(told['file'], {
      path: DRIVER_PATH,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      machine: null,
      version: null,
      forceIntegrity: null,
      controlFlowGuard: null,
      trustlet: null,
    });
    assert.deepEqual(told['signature'], {
      state: 'unsigned',
      evidence: 'the file holds no signature (no catalogue was looked for)',
      signer: null,
    });
  });

  test('needs no administrator, changes nothing, and names the file to PowerShell by a variable alone', async () => {
    const fake = withDriver((each) => {
      each.elevated = false;
    });
    assert.equal((await driver(fake, 'status')).code, 0);
    assert.deepEqual(fake.changes, []);
    assert.equal(fake.runs.filter((each) => each.startsWith('whoami')).length, 0);
    assert.deepEqual(fake.environments.at(-1), { TRUSTLET_FILE: DRIVER_PATH });
  });

  test('for people: state, start, who may open it, file, signature', async () => {
    const fake = withDriver((each) => {
      each.install({ state: 4 });
      each.client = '010600000000000550000000B59DFB38590FC2CB1C4E236DD6E0763E00E26387';
    });
    const { lines } = await driver(fake, 'status');
    assert.equal(lines[0], 'driver      running');
    assert.equal(lines[1], 'start       demand');
    assert.match(lines[2] ?? '', /^opened by {3}administrators, and S-1-5-80-\d+-\d+-\d+-\d+-\d+$/);
    assert.equal(lines[3], `file        0.1.0.0, x64, ${DRIVER_PATH}`);
    assert.equal(lines[4], 'signature   unsigned: the file holds no signature (no catalogue was looked for)');
    assert.equal(lines.length, 5);
  });

  const oddities: readonly (readonly [string, FakeWindows, RegExp])[] = [
    [
      'a file without a service',
      windows((fake) => fake.files.set(DRIVER_PATH, driverImage())),
      /^note: .* is there, and no service uses it\.$/m,
    ],
    [
      'a service without a file',
      windows((fake) => fake.install()),
      /^note: Nothing lies at .*, so it cannot be started\.$/m,
    ],
    [
      'no kernel driver',
      withDriver((fake) => fake.install({ type: 16 })),
      /^note: The service of this name is no kernel driver\.$/m,
    ],
    [
      'still stopping',
      withDriver((fake) => fake.install({ state: 3 })),
      /^note: It is still stopping \(STOP_PENDING\)/m,
    ],
    [
      'deleted and kept open',
      withDriver((fake) => fake.install({ deleted: true })),
      /^note: The service was deleted while somebody had it open/m,
    ],
    [
      'a client that is no service',
      withDriver((fake) => {
        fake.client = '01010000000000051200';
      }),
      /^note: ClientServiceSid is not exactly the SID of one service: the driver will not start/m,
    ],
    [
      'a client of another type',
      withDriver((fake) => {
        fake.client = 'ClientServiceSid    REG_SZ    S-1-5-18';
      }),
      /^opened by {3}administrators, and invalid$/m,
    ],
  ];
  for (const [title, fake, expected] of oddities) {
    test(`says what stands out: ${title}`, async () => {
      const run = await driver(fake, 'status');
      assert.equal(run.code, 0, run.err);
      assert.match(run.out, expected);
    });
  }

  const failures: readonly (readonly [string, (fake: FakeWindows) => unknown, RegExp])[] = [
    [
      'sc.exe hangs',
      (fake) => fake.broken.set('sc', 'it did not come to its end in time'),
      /sc\.exe of Windows could not be used: it did not come to its end in time/,
    ],
    [
      'reg.exe is missing',
      (fake) => fake.broken.set('reg', 'it is not there'),
      /reg\.exe of Windows could not be used: it is not there/,
    ],
    [
      'access is denied',
      (fake) => fake.failures.set('sc query', 5),
      /The driver could not be queried: .*ERROR_ACCESS_DENIED/,
    ],
    [
      'no state in the answer',
      (fake) => {
        fake.run = () => ({ exitCode: 0, stdout: 'garbage', problem: null });
      },
      /no state of the service can be read/,
    ],
    [
      'the file cannot be read',
      (fake) => fake.fileErrors.set(`read ${DRIVER_PATH}`, 'EBUSY: busy'),
      /trustlet\.sys cannot be read: EBUSY: busy/,
    ],
  ];
  for (const [title, change, expected] of failures) {
    test(`exit code 1 where the system does not answer: ${title}`, async () => {
      const fake = withDriver((each) => void change(each));
      const run = await driver(fake, 'status');
      assert.equal(run.code, 1);
      assert.match(run.err, expected);
    });
  }

  test('in Wine a failure without a reason is none of a missing service, while its key is there', async () => {
    const fake = withDriver((each) => {
      each.language = 'Wine';
      each.failures.set('sc query', 5);
    });
    assert.match((await driver(fake, 'status')).err, /could not be queried: sc\.exe failed and gave no reason/);
  });

  test('without PowerShell the file alone speaks', async () => {
    const fake = withDriver((each) => each.broken.set('powershell', 'it is not there'));
    fake.files.set(DRIVER_PATH, driverImage({ signatureSize: 64 }));
    const told = (await json(fake, 'status'))['driver'] as Record<string, Record<string, unknown>>;
    assert.equal(told['signature']?.['state'], 'unknown');
  });

  test('a service whose key cannot be read is not guessed about', async () => {
    const fake = withDriver((each) => each.failures.set('reg query', 1));
    const told = (await json(fake, 'status'))['driver'] as Record<string, unknown>;
    assert.equal(told['start'], 'unknown(-1)');
    assert.equal(told['kernelDriver'], false);
  });
});

describe('trustlet driver, used wrongly', () => {
  const misuses: readonly (readonly [string, RegExp])[] = [
    ['driver', /Name one of the commands/],
    ['driver frobnicate', /unknown command 'frobnicate'/],
    ['driver install', /--file <path> names the trustlet\.sys to install\. The npm package holds none/],
    ['driver install --file x --start boot', /Allowed choices are demand, system, auto/],
    ['driver install --file x --service-account a/b', /--service-account takes the name of a service/],
    ['driver start extra', /too many arguments/],
    ['driver status --backend ntdll', /asks no backend/],
    ['--backend ntdll driver status', /asks no backend: leave --backend and --scenario out/],
    ['--scenario plain driver start', /asks no backend/],
  ];
  for (const [argv, expected] of misuses) {
    test(`trustlet ${argv}: exit code 2, and the system is not asked`, async () => {
      const fake = withDriver();
      const run = await trustlet(argv, { system: () => fake });
      assert.equal(run.code, 2);
      assert.match(run.err, expected);
      assert.deepEqual(fake.runs, []);
    });
  }

  test('an empty file name is none', async () => {
    assert.equal((await driver(withDriver(), ['install', '--file', ''])).code, 2);
  });

  test('off Windows each command says so, exit code 1', { skip: process.platform === 'win32' }, async () => {
    for (const argv of ['install --file x', 'start', 'stop', 'status', 'uninstall']) {
      const run = await trustlet(`driver ${argv}`);
      assert.equal(run.code, 1);
      assert.match(run.err, /^trustlet: There is no driver to manage on \w+: .*\[ERR_TRUSTLET_UNSUPPORTED\]\n$/);
      const error = document(await trustlet(`driver ${argv} --json`))['error'] as Record<string, unknown>;
      assert.equal(error['code'], 'ERR_TRUSTLET_UNSUPPORTED');
    }
  });

  test('help says where a driver comes from', async () => {
    const { code, out } = await trustlet('driver --help');
    assert.equal(code, 0);
    assert.match(out, /The npm package holds no driver\. Build it with the WDK/);
  });
});

describe('trustlet status, about the driver', () => {
  const machine = (over: Record<string, unknown> = {}) => {
    const emulated = open({ scenario: 'plain' });
    const backend = {
      ...emulated.backend,
      name: 'ntdll' as const,
      simulated: false,
      description: 'NT calls of a test',
      ...over,
    };
    return { backend, postureAsync: () => emulated.postureAsync() };
  };
  const view = { paint: (_style: unknown, text: string) => text, columns: undefined };
  const lines = async (over: Record<string, unknown>, fake: FakeWindows): Promise<string> => {
    const report = await statusReport(machine(over), () => fake);
    return report.lines(view).join('\n');
  };

  test('a simulated machine has no driver, and this one is not asked', async () => {
    const fake = withDriver();
    const status = document(await trustlet('status --scenario plain --json', { system: () => fake }));
    for (const member of ['fallback', 'answering', 'driver', 'driverProblem']) assert.equal(status[member], null);
    assert.deepEqual(fake.runs, []);
  });

  test('why another backend answers, and what is installed', async () => {
    const fake = withDriver((each) => {
      each.powershell = SIGNED;
    });
    const fallback = 'The driver is not running (error 2).';
    const text = await lines({ fallback }, fake);
    assert.match(text, /^driver backend +not used +The driver is not running \(error 2\)\.$/m);
    assert.match(text, /^driver’s service +stopped +start demand, C:\\Windows\\System32\\drivers\\trustlet\.sys$/m);
    assert.match(text, /^driver’s file +0\.1\.0\.0 +x64, C:\\Windows/m);
    assert.match(text, /^driver’s signature +valid +Get-AuthenticodeSignature: /m);
    const { document: status } = await statusReport(machine({ fallback }), () => fake);
    assert.equal(status['fallback'], fallback);
    assert.equal(status['answering'], null);
  });

  test('the driver that answers: version, protocol, capabilities', async () => {
    const answering = { version: '0.1.0', protocol: 1, capabilities: ['query', 'guard'] };
    const fake = withDriver((each) => each.install({ state: 4 }));
    const text = await lines({ name: 'driver', driver: answering }, fake);
    assert.match(text, /^driver backend +0\.1\.0 +HELLO: protocol 1; query, guard$/m);
    assert.match(text, /^driver’s service +running /m);
    assert.match(text, /^driver’s signature +unsigned /m);
    const { document: status } = await statusReport(machine({ driver: answering }), () => fake);
    assert.deepEqual(status['answering'], answering);
  });

  test('not installed is said', async () => {
    assert.match(await lines({}, windows()), /^driver’s service +not installed +sc query trustlet$/m);
  });

  test('a system that does not answer about it costs the rest nothing', async () => {
    const fake = withDriver((each) => each.failures.set('sc query', 5));
    const text = await lines({}, fake);
    assert.match(text, /^Secure Boot /m);
    assert.match(text, /^driver’s service +unknown +The driver could not be queried/m);
    const { document: status, exitCode } = await statusReport(machine(), () => fake);
    assert.equal(exitCode, 0);
    assert.equal(status['driver'], null);
    assert.match(String(status['driverProblem']), /could not be queried/);
  });

  test('an error of the program’s own is not hidden', async () => {
    await assert.rejects(
      statusReport(machine(), () => {
        throw new RangeError('ours');
      }),
      RangeError,
    );
  });
});
