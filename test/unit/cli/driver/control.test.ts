import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { driver, json, windows, withDriver } from './commands.js';
import { DRIVER_PATH, type FakeWindows, type Language } from './fake-windows.js';
import { driverImage } from './images.js';

const LANGUAGES = ['English', 'German', 'French', 'Wine'] as const satisfies readonly Language[];

const running = (change: (fake: FakeWindows) => void = () => {}): FakeWindows =>
  withDriver((fake) => {
    fake.install({ state: 4 });
    change(fake);
  });

const fails = async (fake: FakeWindows, argv: string, expected: RegExp, win32: number | null): Promise<void> => {
  const run = await driver(fake, argv);
  assert.equal(run.code, 1);
  assert.match(run.err, expected);
  assert.equal(run.err.split('\n').length, 2, 'one line');
  const error = (await json(fake, argv))['error'] as Record<string, unknown>;
  assert.equal(error['code'], 'ERR_TRUSTLET_BACKEND');
  assert.equal(error['win32'], win32);
};

describe('trustlet driver start', () => {
  for (const language of LANGUAGES) {
    test(`starts it, and waits until it runs (${language})`, async () => {
      const fake = withDriver((each) => {
        each.language = language;
        each.afterStart = [2, 2, 4];
      });
      const run = await driver(fake, 'start');
      assert.equal(run.code, 0, run.err);
      assert.deepEqual(fake.changes, ['sc start trustlet']);
      assert.match(run.out, /^- started the driver\ndriver {6}running$/m);
      assert.equal(fake.slept, 400);
    });
  }

  test('one that runs is left alone, and no administrator is needed for that', async () => {
    const fake = running((each) => {
      each.elevated = false;
    });
    assert.equal((await driver(fake, 'start')).code, 0);
    assert.deepEqual(fake.changes, []);
    assert.deepEqual((await json(fake, 'start'))['changed'], []);
  });

  const errors: readonly (readonly [number, RegExp])[] = [
    [2, /nothing lies at the path of the service/],
    [5, /Run it from an elevated prompt/],
    [127, /needs a function that this Windows does not have/],
    [193, /no driver for this machine, or it is damaged/],
    [
      577,
      /does not accept its signature: .*test signing is off or Secure Boot is on; .*HVCI.* \(error 577 ERROR_INVALID_IMAGE_HASH\)\. .*bcdedit \/set testsigning on/,
    ],
    [1058, /start type is `disabled` .*sc\.exe config trustlet start= demand/],
    [1060, /it is not installed \(error 1060/],
    [1072, /somebody still has it open \(services\.msc/],
    [1275, /a policy of this machine blocks it: memory integrity \(HVCI\).*CodeIntegrity\/Operational/],
    [1337, /ClientServiceSid is there and is not exactly the SID of one service/],
    [1450, /could not be started: Windows error 1450/],
  ];
  for (const [code, expected] of errors) {
    for (const language of ['English', 'German'] as const) {
      test(`error ${code} is explained (${language})`, async () => {
        const fake = withDriver((each) => {
          each.language = language;
          each.failures.set('sc start', code);
        });
        await fails(fake, 'start', expected, code);
      });
    }
  }

  test('in Wine the reason is missing, and that is what is said', async () => {
    const fake = withDriver((each) => {
      each.language = 'Wine';
      each.failures.set('sc start', 577);
    });
    await fails(fake, 'start', /could not be started: sc\.exe failed and gave no reason/, null);
  });

  test('not installed, without its file, or deleted: said before anything is tried', async () => {
    for (const language of LANGUAGES) {
      const none = windows((fake) => {
        fake.language = language;
      });
      await fails(none, 'start', /not installed .*trustlet driver install --file/, 1060);
      assert.deepEqual(none.changes, []);
    }
    const fileless = windows((fake) => fake.install());
    await fails(fileless, 'start', /nothing lies at the path/, 2);
    await fails(
      withDriver((fake) => fake.install({ deleted: true })),
      'start',
      /somebody still has it open/,
      1072,
    );
    assert.deepEqual(fileless.changes, []);
  });

  test('without elevation it refuses before anything is changed', async () => {
    const fake = withDriver((each) => {
      each.elevated = false;
    });
    await fails(fake, 'start', /Starting the driver needs an administrator.*Nothing was changed/, 5);
    assert.deepEqual(fake.changes, []);
  });

  test('one that is still stopping cannot be started, and it is said why', async () => {
    await fails(
      withDriver((fake) => fake.install({ state: 3 })),
      'start',
      /still stopping \(STOP_PENDING\): somebody has its device open/,
      1056,
    );
    const race = withDriver((fake) => {
      fake.failures.set('sc start', 1056);
    });
    race.install({ state: 1 });
    await fails(race, 'start', /told to start, and its state is stopped/, null);
  });

  test('somebody else started it meanwhile: that is as good', async () => {
    const fake = withDriver((each) => each.failures.set('sc start', 1056));
    fake.sleep = () => {
      if (fake.service !== null) fake.service.state = 4;
    };
    assert.equal((await driver(fake, 'start')).code, 0);
  });

  test('one that somebody stops while it starts', async () => {
    const fake = withDriver((each) => {
      each.afterStart = [3];
    });
    await fails(fake, 'start', /STOP_PENDING/, 1056);
  });
});

describe('trustlet driver stop', () => {
  for (const language of LANGUAGES) {
    test(`stops it, and waits until it has stopped (${language})`, async () => {
      const fake = running((each) => {
        each.language = language;
        each.afterStop = [3, 3, 1];
      });
      const run = await driver(fake, 'stop');
      assert.equal(run.code, 0, run.err);
      assert.deepEqual(fake.changes, ['sc stop trustlet']);
      assert.match(run.out, /^- stopped the driver\ndriver {6}stopped$/m);
    });
  }

  test('one that does not run, or is not there, is left alone', async () => {
    for (const fake of [withDriver(), windows()]) {
      fake.elevated = false;
      const run = await driver(fake, 'stop');
      assert.equal(run.code, 0, run.err);
      assert.deepEqual(fake.changes, []);
      assert.match(run.out, /^- nothing to do/m);
    }
  });

  test('a device that somebody has open: exit code 1, the state, and what to do', async () => {
    const fake = running((each) => {
      each.afterStop = [3];
    });
    const run = await driver(fake, 'stop');
    assert.equal(run.code, 1);
    assert.match(run.out, /^- told the driver to stop\ndriver {6}stop-pending$/m);
    assert.match(
      run.out.replaceAll(/\n {6}/g, ' '),
      /^note: It is still stopping \(STOP_PENDING\): somebody has its device open, .*handle\.exe Trustlet/m,
    );
    assert.equal(fake.slept, 3000);
    const again = await json(fake, 'stop');
    assert.equal(again['done'], false);
    assert.deepEqual(again['changed'], []);
    assert.equal((again['driver'] as Record<string, unknown>)['state'], 'stop-pending');
    assert.deepEqual(fake.changes, ['sc stop trustlet'], 'asking once is enough');
  });

  test('one that was stopping and comes to its end', async () => {
    const fake = withDriver((each) => {
      each.install({ state: 4 });
      each.afterStop = [3];
    });
    await driver(fake, 'stop');
    fake.sleep = () => {
      if (fake.service !== null) fake.service.state = 1;
    };
    assert.equal((await driver(fake, 'stop')).code, 0);
  });

  test('a state that is no stop’s is told as it is', async () => {
    const fake = running((each) => {
      each.afterStop = [2];
    });
    const run = await driver(fake, 'stop');
    assert.equal(run.code, 1);
    assert.match(run.out, /^note: It was told to stop, and its state is start-pending\.$/m);
  });

  for (const code of [1061, 1062]) {
    test(`error ${code} is asked about again`, async () => {
      const fake = running((each) => each.failures.set('sc stop', code));
      fake.sleep = () => {
        if (fake.service !== null) fake.service.state = 1;
      };
      assert.equal((await driver(fake, 'stop')).code, 0);
    });
  }

  const errors: readonly (readonly [number, RegExp])[] = [
    [5, /could not be stopped: .*elevated prompt/],
    [1051, /services that depend on it are running .*enumdepend/],
    [1052, /cannot be unloaded as it is .*Restart the machine/],
  ];
  for (const [code, expected] of errors) {
    test(`error ${code} is explained`, () =>
      fails(
        running((fake) => fake.failures.set('sc stop', code)),
        'stop',
        expected,
        code,
      ));
  }

  test('without elevation it refuses before anything is changed', async () => {
    const fake = running((each) => {
      each.elevated = false;
    });
    await fails(fake, 'stop', /Stopping the driver needs an administrator/, 5);
    assert.deepEqual(fake.changes, []);
  });
});

describe('trustlet driver uninstall', () => {
  for (const language of LANGUAGES) {
    test(`stops it, deletes its service and removes its file (${language})`, async () => {
      const fake = running((each) => {
        each.language = language;
      });
      const run = await driver(fake, 'uninstall');
      assert.equal(run.code, 0, run.err);
      assert.deepEqual(fake.changes, ['sc stop trustlet', 'sc delete trustlet', `remove ${DRIVER_PATH}`]);
      assert.match(run.out, /^driver {6}not installed\nfile {8}none$/m);
      const again = await json(fake, 'uninstall');
      assert.equal(again['done'], true);
      assert.deepEqual(again['changed'], []);
    });
  }

  test('a file without a service is removed, if it is ours', async () => {
    const ours = windows((fake) => fake.files.set(DRIVER_PATH, driverImage()));
    assert.equal((await driver(ours, 'uninstall')).code, 0);
    assert.deepEqual(ours.changes, [`remove ${DRIVER_PATH}`]);
    const other = windows((fake) => fake.files.set(DRIVER_PATH, Buffer.from('x')));
    const run = await driver(other, 'uninstall');
    assert.equal(run.code, 0);
    assert.deepEqual(other.changes, []);
    assert.match(
      run.out,
      /^note: C:\\Windows\\System32\\drivers\\trustlet\.sys is no driver of trustlet's and was left alone\.$/m,
    );
    assert.match(run.out, /^file {8}no driver, C:\\Windows\\System32\\drivers\\trustlet\.sys$/m);
  });

  test('one that does not come to the end of its stop keeps everything', async () => {
    const fake = running((each) => {
      each.afterStop = [3];
    });
    const run = await driver(fake, 'uninstall');
    assert.equal(run.code, 1);
    assert.match(run.out, /STOP_PENDING/);
    assert.match(run.out, /^note: Nothing was removed\. Repeat the command then\.$/m);
    assert.deepEqual(fake.changes, ['sc stop trustlet']);
  });

  test('a service that somebody keeps open is gone later: exit code 1, and it is said', async () => {
    const fake = withDriver((each) => {
      each.keptOpen = true;
    });
    const run = await driver(fake, 'uninstall');
    assert.equal(run.code, 1);
    assert.match(
      run.out.replaceAll(/\n {6}/g, ' '),
      /^note: The driver could not be removed: the service was deleted, and somebody still has it open/m,
    );
    assert.match(run.out, /^start {7}demand, marked for deletion$/m);
    fake.failures.set('sc delete', 1072);
    assert.equal((await json(fake, 'uninstall'))['done'], false);
  });

  test('a service that somebody lets go of in a moment is waited for', async () => {
    const fake = withDriver((each) => {
      each.keptOpen = 1000;
    });
    const { done, driver: left } = (await json(fake, 'uninstall')) as { done: boolean; driver: { installed: boolean } };
    assert.deepEqual([done, left.installed, fake.slept], [true, false, 1000]);
  });

  test('another’s service, no elevation, or a refusal: nothing is removed', async () => {
    const store = withDriver((fake) => fake.install({ imagePath: 'D:\\vendor\\trustlet.sys' }));
    await fails(
      store,
      'uninstall',
      /could not be removed: the service trustlet is installed from D:\\vendor\\trustlet\.sys/,
      null,
    );
    assert.deepEqual(store.changes, []);
    const low = withDriver((fake) => {
      fake.elevated = false;
    });
    await fails(low, 'uninstall', /Removing the driver needs an administrator/, 5);
    const lowFile = windows((fake) => {
      fake.elevated = false;
      fake.files.set(DRIVER_PATH, driverImage());
    });
    await fails(lowFile, 'uninstall', /Removing the driver needs an administrator/, 5);
    await fails(
      withDriver((fake) => fake.failures.set('sc delete', 5)),
      'uninstall',
      /could not be removed: .*elevated/,
      5,
    );
    for (const fake of [low, lowFile]) assert.deepEqual(fake.changes, []);
  });

  test('a file in use is named', async () => {
    const fake = withDriver((each) => each.fileErrors.set(`remove ${DRIVER_PATH}`, 'EPERM: in use'));
    const run = await driver(fake, 'uninstall');
    assert.equal(run.code, 1);
    assert.match(run.err, /The service is removed, and its file is not: .*EPERM: in use\. Delete it/);
  });
});
