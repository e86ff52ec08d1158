import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DriverImage, objectionTo, readDriverImage } from '../../../../lib/cli/driver/image.js';
import { serviceAccount, serviceSidText } from '../../../../lib/cli/driver/service-sid.js';
import { readSignature } from '../../../../lib/cli/driver/signature.js';
import { TrustletError } from '../../../../lib/errors.js';
import { ARM64, driverImage, type ImageOptions, MINGW } from './images.js';

const imageOf = (bytes: Uint8Array): DriverImage => {
  const image = readDriverImage(bytes);
  assert.ok(image !== null);
  return image;
};

const has = (code: string, text: RegExp) => (error: unknown) =>
  TrustletError.is(error) && error.code === code && text.test(error.message);

describe('what a driver’s file says of itself', () => {
  test('a build of the WDK project', () => {
    assert.deepEqual(readDriverImage(driverImage()), {
      machine: 'x64',
      native: true,
      forceIntegrity: true,
      controlFlowGuard: true,
      signed: false,
      trustlet: true,
      version: '0.1.0.0',
    });
  });

  test('each fact is its own', () => {
    const facts = (options: ImageOptions): DriverImage => imageOf(driverImage(options));
    assert.equal(facts({ machine: ARM64 }).machine, 'arm64');
    assert.equal(facts({ machine: 0x14c, magic: 0x10b }).machine, 'x86');
    assert.equal(facts({ machine: 0x1c4 }).machine, 'ARMNT');
    assert.equal(facts({ machine: 0x200 }).machine, 'unknown(512)');
    assert.equal(facts({ subsystem: 3 }).native, false);
    assert.equal(facts({ characteristics: 0x4160 }).forceIntegrity, false);
    assert.equal(facts({ characteristics: MINGW }).controlFlowGuard, false);
    assert.equal(facts({ signatureSize: 8 }).signed, true);
    assert.equal(facts({ signatureSize: 8, directories: 4 }).signed, false);
    assert.equal(facts({ device: '\\Device\\TrustletSim' }).trustlet, false);
    assert.equal(facts({ version: [1, 22, 333, 4] }).version, '1.22.333.4');
    assert.equal(facts({ version: null }).version, null);
  });

  test('a version that the file ends in is none', () => {
    const whole = driverImage();
    const at = whole.indexOf(Buffer.from([0xbd, 0x04, 0xef, 0xfe]));
    assert.equal(imageOf(whole.subarray(0, at + 12)).version, null);
  });

  const broken: readonly (readonly [string, (image: Buffer) => Buffer])[] = [
    ['empty', () => Buffer.alloc(0)],
    ['shorter than its first header', (image) => image.subarray(0, 0x3f)],
    ['no MZ', (image) => Buffer.concat([Buffer.from('ZM'), image.subarray(2)])],
    ['no PE', (image) => Buffer.from(image.toString('latin1').replace('PE\0\0', 'NE\0\0'), 'latin1')],
    ['cut off in its optional header', (image) => image.subarray(0, 0x80 + 24 + 112 + 39)],
    ['32-bit headers', () => driverImage({ magic: 0x10b })],
    [
      'a header far outside',
      (image) => {
        const copy = Buffer.from(image);
        copy.writeUInt32LE(0xffffffff, 0x3c);
        return copy;
      },
    ],
  ];
  for (const [title, change] of broken) {
    test(`no driver: ${title}`, () => {
      assert.equal(readDriverImage(change(driverImage())), null);
    });
  }

  test('a view into a larger buffer is read at its own place', () => {
    const whole = Buffer.concat([Buffer.alloc(100), driverImage()]);
    assert.equal(imageOf(new Uint8Array(whole.buffer, whole.byteOffset + 100, whole.length - 100)).trustlet, true);
  });
});

describe('what is not installed', () => {
  const objection = (options: ImageOptions, machine: 'x64' | 'arm64' = 'x64', allow = false): string | null =>
    objectionTo(imageOf(driverImage(options)), machine, allow);

  test('a build for this machine is', () => {
    assert.equal(objection({}), null);
    assert.equal(objection({ machine: ARM64 }, 'arm64'), null);
  });

  test('one of another kind is not, and it is said why', () => {
    assert.match(objection({ subsystem: 2 }) ?? '', /not a driver/);
    assert.match(objection({ device: '\\Device\\TrustletSim' }) ?? '', /does not have the device \\Device\\Trustlet/);
    assert.match(objection({ machine: ARM64 }) ?? '', /built for arm64, and this machine is x64: .*Platform=x64/);
    assert.match(objection({}, 'arm64') ?? '', /built for x64, and this machine is arm64: .*Platform=ARM64/);
    assert.match(objection({ characteristics: 0x4160 }) ?? '', /without \/INTEGRITYCHECK/);
  });

  test('the mingw build is, only where it is allowed', () => {
    assert.match(objection({ characteristics: MINGW }) ?? '', /test artefact for Wine, never signed/);
    assert.equal(objection({ characteristics: MINGW }, 'x64', true), null);
    assert.match(objection({ characteristics: 0x0160 }, 'x64', true) ?? '', /INTEGRITYCHECK/);
  });
});

describe('the SID of a service', () => {
  test('is what Windows computes from its name: TrustedInstaller’s is well known', () => {
    const account = serviceAccount('NT SERVICE\\TrustedInstaller');
    assert.deepEqual(account, {
      account: 'NT SERVICE\\TrustedInstaller',
      sid: 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464',
      hex: account.hex,
    });
    assert.match(account.hex, /^010600000000000550000000[0-9A-F]{40}$/);
    assert.equal(serviceAccount('trustedinstaller').sid, account.sid);
    assert.equal(serviceSidText(account.hex), account.sid);
  });

  for (const name of [
    '',
    ' ',
    'NT SERVICE\\',
    'a/b',
    'a\\b',
    'a"b',
    'a&b',
    'a%b',
    '\u00fcber',
    ' a',
    'a ',
    'x'.repeat(81),
    'a\nb',
  ]) {
    test(`${JSON.stringify(name)} is no name of a service`, () => {
      assert.throws(
        () => serviceAccount(name),
        has('ERR_TRUSTLET_ARGUMENT', /^--service-account takes the name of a service/),
      );
    });
  }

  test('names with what services have in theirs', () => {
    for (const name of ['My Agent', 'my-agent_2.0', 'MSSQL$X', 'x'.repeat(80)])
      assert.match(serviceAccount(name).sid, /^S-1-5-80(-\d+){5}$/);
  });

  test('bytes that the driver refuses are none', () => {
    const { hex } = serviceAccount('MyAgent');
    assert.equal(serviceSidText(hex.slice(2)), null);
    assert.equal(serviceSidText(`${hex}00`), null);
    assert.equal(serviceSidText(hex.replace('50000000', '51000000')), null);
    assert.equal(serviceSidText(hex.replace(/..$/, 'xy')), null);
    assert.equal(serviceSidText(''), null);
  });
});

describe('the signature', () => {
  const said = (status: number, type: number, subject: string) => ({
    stdout: `TL1;${status};${type};${Buffer.from(subject, 'utf8').toString('base64')}`,
  });
  const WHCP =
    'CN=Microsoft Windows Hardware Compatibility Publisher, O=Microsoft Corporation, L=Redmond, S=Washington, C=US';
  const cases: readonly (readonly [string, { stdout: string } | null, boolean, string, RegExp])[] = [
    ['Microsoft’s', said(0, 1, WHCP), true, 'valid', /in the file is good, and Microsoft's/],
    ['Microsoft’s, by a catalogue', said(0, 2, WHCP), false, 'valid', /of a catalogue is good/],
    ['trusted, and another’s', said(0, 1, 'CN=trustlet test'), true, 'test-signed', /not Microsoft's/],
    [
      'a name that only looks like it',
      said(0, 1, 'CN=O\\=Microsoft Corporation'),
      true,
      'test-signed',
      /not Microsoft's/,
    ],
    [
      'one that this machine does not trust',
      said(1, 1, 'CN=trustlet test'),
      true,
      'test-signed',
      /does not trust .*status 1/,
    ],
    ['none anywhere', said(2, 0, ''), false, 'unsigned', /in the file or in a catalogue/],
    ['changed afterwards', said(3, 1, WHCP), true, 'broken', /changed after it was signed/],
    ['a status nobody knows', said(6, 0, ''), true, 'unknown', /status 6/],
    ['nobody asked, and the file has none', null, false, 'unsigned', /no catalogue was looked for/],
    ['PowerShell is silent, and the file has one', { stdout: '' }, true, 'unknown', /no judgement/],
    ['PowerShell says something else', { stdout: 'Access is denied.' }, true, 'unknown', /no judgement/],
  ];
  for (const [title, ran, signed, state, evidence] of cases) {
    test(title, () => {
      const signature = readSignature(ran, { signed });
      assert.equal(signature.state, state);
      assert.match(signature.evidence, evidence);
    });
  }

  test('the signer’s name survives any alphabet', () => {
    assert.equal(readSignature(said(0, 1, 'CN=Müller \u5c71; x'), { signed: true }).signer, 'CN=Müller \u5c71; x');
    assert.equal(readSignature(said(2, 0, ''), { signed: false }).signer, null);
  });
});
