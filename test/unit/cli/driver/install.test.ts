import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { document } from '../capture.js';
import { install, windows, withDriver } from './commands.js';
import { DRIVER_PATH, type FakeWindows, type Language, SOURCE_PATH } from './fake-windows.js';
import { ARM64, driverImage, MINGW } from './images.js';

const CREATE = `sc create trustlet type= kernel start= demand error= normal binPath= ${DRIVER_PATH} DisplayName= trustlet`;
const ADD =
  'reg add HKLM\\SYSTEM\\CurrentControlSet\\Services\\trustlet\\Parameters /v ClientServiceSid /t REG_BINARY /d';
const TRUSTED_INSTALLER = '010600000000000550000000B589FB381984C2CB5C6C236D5700776EC0026487';

const refusal = async (fake: FakeWindows, expected: RegExp, ...more: readonly string[]): Promise<void> => {
  const run = await install(fake, ...more);
  assert.equal(run.code, 1);
  assert.equal(run.out, '');
  assert.match(run.err, expected);
  assert.match(run.err, /^trustlet: .*\[ERR_TRUSTLET_\w+\]\n$/);
};

describe('trustlet driver install', () => {
  for (const language of ['English', 'German', 'French', 'Wine'] as const satisfies readonly Language[]) {
    test(`copies the file and makes the service, which is then stopped (${language})`, async () => {
      const fake = windows((each) => {
        each.language = language;
      });
      const run = await install(fake);
      assert.equal(run.code, 0, run.err);
      assert.deepEqual(fake.changes, [`write ${DRIVER_PATH}`, CREATE]);
      assert.deepEqual(fake.files.get(DRIVER_PATH), driverImage());
      assert.match(run.out, /^- copied the file to C:\\Windows\\System32\\drivers\\trustlet\.sys$/m);
      assert.match(run.out, /^- made the service trustlet \(kernel driver, start demand\)$/m);
      assert.match(run.out, /^driver {6}stopped$/m);
      assert.match(run.out, /^note: Start it: trustlet driver start$/m);
    });
  }

  test('a second time changes nothing, and needs no administrator', async () => {
    const fake = withDriver((each) => {
      each.elevated = false;
    });
    const run = await install(fake);
    assert.equal(run.code, 0, run.err);
    assert.deepEqual(fake.changes, []);
    assert.match(run.out, /^- nothing to do: it is so already$/m);
  });

  test('without elevation it refuses before anything is changed', async () => {
    const fake = windows((each) => {
      each.elevated = false;
    });
    await refusal(
      fake,
      /^trustlet: Installing the driver needs an administrator, .* Nothing was changed\. .*Run as administrator/,
    );
    assert.deepEqual(fake.changes, []);
    const error = document(await install(fake, '--json'))['error'] as Record<string, unknown>;
    assert.equal(error['code'], 'ERR_TRUSTLET_BACKEND');
    assert.equal(error['win32'], 5);
  });

  test('where elevation is not known, the system’s own refusal leaves nothing behind', async () => {
    const fake = windows((each) => {
      each.elevated = null;
      each.fileErrors.set(`write ${DRIVER_PATH}`, 'EPERM: operation not permitted');
    });
    await refusal(fake, /cannot be written: EPERM: .*elevated prompt.* Nothing was changed\./);
    assert.deepEqual(fake.changes, []);
  });

  test('--start goes to a new service, and changes an existing one only when it is named', async () => {
    const fresh = windows();
    assert.equal((await install(fresh, '--start', 'system')).code, 0);
    assert.equal(fresh.service?.start, 1);
    const known = withDriver((each) => each.install({ start: 2 }));
    assert.equal((await install(known)).code, 0);
    assert.deepEqual(known.changes, []);
    assert.equal((await install(known, '--start', 'demand')).code, 0);
    assert.deepEqual(known.changes, ['sc config trustlet start= demand']);
    assert.equal((await install(known, '--start', 'demand')).code, 0);
    assert.deepEqual(known.changes, ['sc config trustlet start= demand']);
    known.failures.set('sc config', 1058);
    await refusal(known, /could not be configured: the service's start type is `disabled`/, '--start', 'auto');
  });

  test('--service-account writes the SID the driver reads, once', async () => {
    const fake = windows();
    const run = await install(fake, '--service-account', 'NT SERVICE\\TrustedInstaller');
    assert.equal(run.code, 0, run.err);
    assert.equal(fake.changes.length, 3);
    assert.equal(fake.changes[2], `${ADD} ${TRUSTED_INSTALLER} /f`);
    const sid = 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464';
    assert.ok(run.out.replaceAll('\n  ', ' ').includes(`- let in NT SERVICE\\TrustedInstaller (${sid})`));
    assert.match(run.out, /sc\.exe sidtype "TrustedInstaller" unrestricted/);
    const again = document(await install(fake, '--service-account', 'trustedinstaller', '--json'));
    assert.deepEqual(again['changed'], []);
    assert.equal((again['driver'] as Record<string, unknown>)['clientServiceSid'], sid);
  });

  test('--no-service-account takes it away, and a running driver must be started again', async () => {
    const fake = withDriver((each) => {
      each.install({ state: 4 });
      each.client = 'ClientServiceSid    REG_SZ    S-1-5-18';
    });
    const run = await install(fake, '--no-service-account');
    assert.equal(run.code, 0, run.err);
    assert.deepEqual(fake.changes, [
      'reg delete HKLM\\SYSTEM\\CurrentControlSet\\Services\\trustlet\\Parameters /v ClientServiceSid /f',
    ]);
    assert.match(run.out, /^- let in no service any more$/m);
    assert.match(run.out, /^note: The driver reads who may open it when it starts: stop and start it\.$/m);
  });

  test('a registry that refuses is reported, with what was done', async () => {
    const fake = windows((each) => each.failures.set('reg add', 1));
    await refusal(
      fake,
      /File and service are installed, and the value ClientServiceSid .* could not be changed \(reg\.exe ended with 1\)/,
      '--service-account',
      'X',
    );
  });

  test('a stopped driver gets its new file; a running one keeps its own', async () => {
    const stopped = withDriver((fake) => fake.files.set(DRIVER_PATH, driverImage({ mark: 'old' })));
    assert.equal((await install(stopped)).code, 0);
    assert.deepEqual(stopped.changes, [`write ${DRIVER_PATH}`]);
    for (const state of [2, 3, 4]) {
      const busy = withDriver((fake) => fake.install({ state }).files.set(DRIVER_PATH, driverImage({ mark: 'old' })));
      await refusal(busy, /a different trustlet\.sys is in use \(the driver is [\w-]+\)\. Stop it first/);
      assert.deepEqual(busy.changes, []);
    }
  });

  test('what is not ours is never overwritten', async () => {
    for (const bytes of [Buffer.from('text'), driverImage({ device: '\\Device\\Other' })]) {
      const fake = windows((each) => each.files.set(DRIVER_PATH, bytes));
      await refusal(fake, /is there, and it is no driver of trustlet's\. Move it away/);
      assert.deepEqual(fake.changes, []);
    }
  });

  test('another’s service is left alone', async () => {
    const store = '\\SystemRoot\\System32\\DriverStore\\FileRepository\\trustlet.inf_x\\trustlet.sys';
    await refusal(
      withDriver((fake) => fake.install({ imagePath: store })),
      /is installed from C:\\Windows\\System32\\DriverStore\\.*, by its INF or by another product\. Remove it the way it came \(pnputil/,
    );
    refusal(
      withDriver((fake) => fake.install({ type: 16 })),
      /a service named trustlet is there, and it is no kernel driver/,
    );
    const marked = withDriver((fake) => fake.install({ deleted: true }));
    refusal(
      marked,
      /could not be installed: the service was deleted, and somebody still has it open .*\(error 1072 ERROR_SERVICE_MARKED_FOR_DELETE\)/,
    );
    assert.deepEqual(marked.changes, []);
  });

  const files: readonly (readonly [string, Buffer | null, RegExp])[] = [
    ['missing', null, /there is no file D:\\build\\trustlet\.sys\. --file names the trustlet\.sys of your own build/],
    ['no image', Buffer.from('MZ'), /is no complete 64-bit PE image.*\[ERR_TRUSTLET_FORMAT\]/],
    ['for another processor', driverImage({ machine: ARM64 }), /built for arm64, and this machine is x64/],
    ['another driver', driverImage({ device: '\\Device\\TrustletSim' }), /does not have the device/],
    [
      'the mingw build',
      driverImage({ characteristics: MINGW }),
      /test artefact for Wine, never signed.*Nothing was changed/,
    ],
  ];
  for (const [title, bytes, expected] of files) {
    test(`a file is not taken: ${title}`, async () => {
      const fake = windows((each) => {
        if (bytes === null) each.files.delete(SOURCE_PATH);
        else each.files.set(SOURCE_PATH, bytes);
      });
      await refusal(fake, expected);
      assert.deepEqual(fake.changes, []);
    });
  }

  test('--allow-test-build takes the mingw build, and says what it is', async () => {
    const fake = windows((each) => each.files.set(SOURCE_PATH, driverImage({ characteristics: MINGW })));
    const run = await install(fake, '--allow-test-build');
    assert.equal(run.code, 0, run.err);
    assert.match(run.out, /^note: This is the mingw build of the tests\. It is not the driver to ship\.$/m);
  });

  test('the machine’s own processor counts, as the registry has it', async () => {
    const fake = windows((each) => {
      each.architecture = 'ARM64';
    });
    await refusal(fake, /built for x64, and this machine is arm64/);
    fake.architecture = 'IA64';
    await refusal(fake, /this machine is unknown\(ia64\)/);
  });

  test('a file that cannot be read is named', async () => {
    const fake = windows((each) => each.fileErrors.set(`read ${SOURCE_PATH}`, 'EACCES: permission denied'));
    await refusal(fake, /D:\\build\\trustlet\.sys cannot be read: EACCES: permission denied/);
  });

  const creations: readonly (readonly [number, RegExp])[] = [
    [5, /Windows refused it to this account.*\(error 5 ERROR_ACCESS_DENIED\)/],
    [1072, /somebody still has it open/],
    [1073, /a service of this name was made meanwhile/],
    [1078, /could not be installed: Windows error 1078\. `net helpmsg 1078`/],
  ];
  for (const [code, expected] of creations) {
    test(`a service that cannot be made (${code}) takes its file with it`, async () => {
      const fake = windows((each) => each.failures.set('sc create', code));
      await refusal(fake, expected);
      assert.equal(fake.files.has(DRIVER_PATH), false);
      assert.equal(fake.changes.at(-1), `remove ${DRIVER_PATH}`);
    });
  }

  test('in Wine a failure has no reason, and that is what is said', async () => {
    const fake = windows((each) => {
      each.language = 'Wine';
      each.failures.set('sc create', 1073);
    });
    await refusal(fake, /could not be installed: sc\.exe failed and gave no reason/);
  });

  test('the file that was there before comes back, or it is said where the new one is', async () => {
    const old = driverImage({ mark: 'old' });
    const fake = windows((each) => {
      each.files.set(DRIVER_PATH, old);
      each.failures.set('sc create', 5);
    });
    await refusal(fake, /ERROR_ACCESS_DENIED/);
    assert.deepEqual(fake.files.get(DRIVER_PATH), old);
    const stuck = windows((each) => {
      each.failures.set('sc create', 5);
      each.fileErrors.set(`remove ${DRIVER_PATH}`, 'EBUSY: busy');
    });
    await refusal(stuck, /The new file was left at C:\\Windows\\System32\\drivers\\trustlet\.sys: EBUSY: busy\./);
  });

  test('a file in its place already is not removed when the service cannot be made', async () => {
    const fake = windows((each) => {
      each.files.set(DRIVER_PATH, driverImage());
      each.failures.set('sc create', 5);
    });
    await refusal(fake, /ERROR_ACCESS_DENIED/);
    assert.equal(fake.files.has(DRIVER_PATH), true);
  });

  test('what its signature means is said before it is started', async () => {
    const says = async (answer: string): Promise<string> =>
      (
        await install(
          windows((fake) => {
            fake.powershell = answer;
          }),
        )
      ).out.replaceAll(/\n {6}/g, ' ');
    const subject = (name: string): string => Buffer.from(name).toString('base64');
    assert.match(await says('TL1;2;0;'), /^note: No signature was found: .* 577 ERROR_INVALID_IMAGE_HASH/m);
    assert.match(
      await says(`TL1;0;1;${subject('CN=me')}`),
      /^note: Windows starts it only with test signing on and Secure Boot off/m,
    );
    assert.match(await says(`TL1;3;1;${subject('CN=me')}`), /^note: It was changed after it was signed/m);
    const good = await says(`TL1;0;1;${subject('CN=W, O=Microsoft Corporation, C=US')}`);
    assert.match(good, /^signer {6}CN=W, O=Microsoft Corporation, C=US$/m);
    assert.doesNotMatch(good, /note: (?!Start it)/);
  });
});
