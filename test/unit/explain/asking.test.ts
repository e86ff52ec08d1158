/** What `vsm.explain` may be told: errors in all their forms, names of calls, a posture; and what it refuses. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot } from '../../../lib/emulator/index.js';
import { TrustletError } from '../../../lib/errors.js';
import { apiNamed, KNOWN_APIS } from '../../../lib/explain/apis.js';
import { errorCodeNamed, readErrorCode } from '../../../lib/explain/error-code.js';
import { open } from '../../../lib/open.js';

const machine = boot('credential-guard');
const vsm = open({ backend: machine });
const lsaiso = machine.pidOf('lsaiso');
const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    assert.ok(TrustletError.is(error) && error.code === 'ERR_TRUSTLET_ARGUMENT');
    return error.message;
  }
  assert.fail('nothing was thrown');
};

describe('reading an error code', () => {
  test('a code with its top bit set, signed or not, is an NTSTATUS', () => {
    assert.deepEqual(readErrorCode(0xc0000005), { ntstatus: 0xc0000005, win32: 998, name: 'STATUS_ACCESS_VIOLATION' });
    assert.deepEqual(readErrorCode(-1073741819), { ntstatus: 0xc0000005, win32: 998, name: 'STATUS_ACCESS_VIOLATION' });
    assert.deepEqual(readErrorCode(0xc0123456), { ntstatus: 0xc0123456, win32: null, name: '0xC0123456' });
  });

  test('any other is a Win32 code, by its name where the table speaks of it', () => {
    assert.deepEqual(readErrorCode(5), { ntstatus: null, win32: 5, name: 'Win32 error 5, ERROR_ACCESS_DENIED' });
    assert.deepEqual(readErrorCode(1455), { ntstatus: null, win32: 1455, name: 'Win32 error 1455' });
  });

  test('an HRESULT or an NTSTATUS of facility 7 carries a Win32 code', () => {
    const hresult = 'HRESULT 0x8007012B, Win32 error 299, ERROR_PARTIAL_COPY';
    assert.deepEqual(readErrorCode(0x8007012b), { ntstatus: null, win32: 299, name: hresult });
    assert.deepEqual(readErrorCode(-2147024597), { ntstatus: null, win32: 299, name: hresult });
    assert.equal(readErrorCode(0xc0070005).win32, 5);
    assert.equal(readErrorCode(0xd0000022).name, 'STATUS_ACCESS_DENIED');
    assert.equal(readErrorCode(0xdeadbeef).name, '0xDEADBEEF');
  });

  test('an error has a name, in any case', () => {
    assert.equal(errorCodeNamed('error_noaccess'), 998);
    assert.equal(errorCodeNamed('STATUS_PARTIAL_COPY'), 0x8000000d);
    assert.equal(errorCodeNamed('ERROR_OF_MINE'), undefined);
  });
});

describe('the error', () => {
  test('an error object with ntstatus or win32 says what it is', () => {
    assert.equal(vsm.explain(lsaiso, { ntstatus: 0xc0000005 }).error?.win32, 998);
    assert.equal(vsm.explain(lsaiso, { win32: 5 }).error?.win32, 5);
    assert.equal(vsm.explain(lsaiso, { ntstatus: null, win32: 5 }).error?.win32, 5);
    assert.match(
      refusal(() => vsm.explain(lsaiso, { win32: '5' })),
      /^error\.win32 must be a whole number/,
    );
    assert.match(
      refusal(() => vsm.explain(lsaiso, new Error('x'))),
      /must be a number or carry ntstatus or win32/,
    );
  });

  test('an error that the guard threw names its operation, and so the API', () => {
    const caught = new TrustletError('ERR_TRUSTLET_REFUSED', 'x', { operation: 'read+write' });
    const explanation = vsm.explain(lsaiso, caught);
    assert.equal(explanation.error?.name, 'ERR_TRUSTLET_REFUSED');
    assert.deepEqual(explanation.api, {
      name: 'read+write',
      operation: 'read',
      acts: 'process',
      rights: 0x38,
    });
    assert.equal(explanation.causes[0]?.failure, 'trustlet');
    assert.equal(vsm.explain(lsaiso, caught, { api: 'debug' }).api?.name, 'debug');
    assert.equal(vsm.explain(lsaiso, caught, {}).api?.name, 'read+write');
    const odd = new TrustletError('ERR_TRUSTLET_REFUSED', 'x', { operation: 'open' });
    assert.equal(vsm.explain(lsaiso, odd).api, null);
  });
});

describe('the name of the call', () => {
  test('Nt and Zw, Ex, A and W and capitals are all one', () => {
    for (const [written, known] of [
      ['zwreadvirtualmemory', 'NtReadVirtualMemory'],
      ['READPROCESSMEMORY', 'ReadProcessMemory'],
      ['K32EnumProcessModulesEx', 'EnumProcessModules'],
      ['QueryFullProcessImageNameA', 'QueryFullProcessImageName'],
      ['Read', 'read'],
      ['kernel32.dll!WriteProcessMemory', 'WriteProcessMemory'],
    ] as const) {
      assert.equal(apiNamed(written).name, known, written);
    }
  });

  test('every API is found by its own name, and so are its usual forms', () => {
    for (const { name } of KNOWN_APIS) {
      assert.equal(apiNamed(name).name, name);
      if (!name.endsWith('W')) assert.equal(apiNamed(`${name}W`).name, name);
    }
  });

  test('a name that is close is offered; one that is not gets the way to the list', () => {
    assert.match(
      refusal(() => apiNamed('ReadProcesMemory')),
      /Did you mean 'ReadProcessMemory'/,
    );
    assert.match(
      refusal(() => apiNamed('fopen_s_and_more')),
      /docs\/explain\.md lists them/,
    );
  });
});

describe('the context', () => {
  test('only api and posture, each of its kind', () => {
    assert.match(
      refusal(() => vsm.explain(lsaiso, 5, { API: 'read' } as never)),
      /API/,
    );
    assert.match(
      refusal(() => vsm.explain(lsaiso, 5, 'read' as never)),
      /context/,
    );
    assert.match(
      refusal(() => vsm.explain(lsaiso, 5, { api: 5 } as never)),
      /context\.api must be the name/,
    );
    assert.match(
      refusal(() => vsm.explain(lsaiso, 5, { posture: {} } as never)),
      /context\.posture must be what posture\(\)/,
    );
    assert.match(
      refusal(() => vsm.explain(lsaiso, 5, { posture: null } as never)),
      /context\.posture/,
    );
    assert.equal(vsm.explain(lsaiso, 5, { api: undefined, posture: undefined }).api, null);
    assert.equal(vsm.explain(lsaiso, 5, null as never).api, null);
  });

  test('an unknown API is refused before anything is asked about it', () => {
    assert.match(
      refusal(() => vsm.explain(lsaiso, 5, { api: 'nonsense and more' })),
      /is no API that is known here/,
    );
  });

  test('without a posture the kernel is asked where the target is none', () => {
    const explanation = vsm.explain(null, 577);
    assert.match(explanation.causes[1]?.evidence ?? '', /^memory integrity runs: class 165/);
    assert.deepEqual([explanation.pid, explanation.facts], [null, null]);
  });
});

describe('VBS', () => {
  const failures = (explanation: ReturnType<typeof vsm.explain>): string[] =>
    explanation.causes.map(({ failure }) => failure);
  test('nothing contradicts itself on a machine that runs it', async () => {
    const posture = await vsm.postureAsync();
    assert.deepEqual(failures(vsm.explain(null, undefined, { posture })), ['nothing-known']);
    const enclave = vsm.explain(null, 50, { posture, api: 'CreateEnclave' });
    assert.deepEqual([failures(enclave), enclave.causes[0]?.seen], [['enclaves-not-supported'], false]);
    assert.deepEqual(failures(vsm.explain(null, undefined, { posture, api: 'CreateEnclave' })), ['nothing-known']);
  });

  test('an enclave on a build before 26100 is not supported', () => {
    const old = open({ backend: boot('server-2022') });
    assert.deepEqual(failures(old.explain(null, 50, { api: 'CreateEnclave' })), ['enclaves-not-supported']);
  });

  test('a machine that nobody asked to run it', async () => {
    const plain = open({ backend: boot('plain') });
    const explanation = plain.explain(null, 50, { api: 'CreateProcess', posture: await plain.postureAsync() });
    assert.equal(explanation.causes[0]?.failure, 'vbs-not-running');
    assert.match(explanation.causes[0]?.text ?? '', /and nothing asks for it/);
    const withoutConfiguration = plain.explain(null, 50, { api: 'CreateProcess' });
    assert.match(withoutConfiguration.causes[0]?.advice ?? '', /Run trustlet status/);
  });
});
