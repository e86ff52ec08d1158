import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { NtBackend } from '../../../lib/backends/nt-backend.js';
import { TrustletError } from '../../../lib/errors.js';
import {
  ACCESS_DENIED,
  INVALID_INFO_CLASS,
  LENGTH_MISMATCH,
  listOf,
  type ScriptedApi,
  scriptedApi,
} from '../../support/scripted-api.js';

let api: ScriptedApi;
let backend: NtBackend;

beforeEach(() => {
  api = scriptedApi();
  backend = new NtBackend(api, { name: 'ntdll', simulated: false, description: 'scripted' });
});

describe('census', () => {
  test('joins the list with what each process answers', () => {
    api.system.set(5, listOf());
    const census = backend.census();
    assert.equal(census.length, 1);
    assert.equal(census.pid(0), 100);
    const found = census.record(0);
    assert.equal(found.name, 'notepad.exe');
    assert.equal(found.classification, 0);
    assert.equal(found.startKey, 0x7000000000064n);
    assert.equal(found.reused, false);
  });

  test('a pid that answers with another create time than listed is reused', () => {
    api.system.set(5, listOf(499n));
    assert.equal(backend.census().record(0).reused, true);
  });

  test('a process that cannot be opened keeps what the list says of it', () => {
    api.system.set(5, listOf());
    api.openStatus = ACCESS_DENIED;
    const found = backend.census().record(0);
    assert.equal(found.openStatus, ACCESS_DENIED);
    assert.equal(found.createTime, 500n);
    assert.equal(found.startKey, 0x7000000000064n, 'from the list’s sequence number and the boot id');
    assert.equal(found.reused, false);
  });

  test('an answer without a create time is not taken for the listed process', () => {
    api.system.set(5, listOf());
    api.process.set('64', INVALID_INFO_CLASS);
    api.process.set('4', ACCESS_DENIED);
    const found = backend.census().record(0);
    assert.equal(found.flags, null);
    assert.equal(found.extendedStatus, 0xc0000001);
  });

  test('the buffer grows until the list fits, also when the callee names no length', () => {
    let calls = 0;
    api.system.set(5, (buffer) => {
      calls += 1;
      if (calls === 1) return { status: LENGTH_MISMATCH, returnLength: 0x40000 };
      if (calls === 2) return { status: 0xc0000023, returnLength: 0 };
      return { ...listOf()(buffer), returnLength: 0 };
    });
    assert.equal(backend.census().length, 1);
    assert.equal(calls, 3);
  });

  test('a list that never fits, or cannot be read, is a lost backend', () => {
    const lost = (message: RegExp) => (error: unknown) =>
      error instanceof TrustletError && error.code === 'ERR_TRUSTLET_BACKEND' && message.test(error.message);
    api.system.set(5, () => ({ status: ACCESS_DENIED, returnLength: 0 }));
    assert.throws(() => backend.census(), lost(/STATUS_ACCESS_DENIED/));
    api.system.set(5, () => ({ status: LENGTH_MISMATCH, returnLength: 8 }));
    assert.throws(() => backend.census(), lost(/more than 1024 MiB/));
  });

  test('a list that claims a length no list has is a lost backend at once, and only for that time', () => {
    let calls = 0;
    api.system.set(5, () => {
      calls += 1;
      return { status: LENGTH_MISMATCH, returnLength: 0xffff_ffff };
    });
    assert.throws(
      () => backend.census(),
      (error: unknown) =>
        error instanceof TrustletError && error.code === 'ERR_TRUSTLET_BACKEND' && error.ntstatus === LENGTH_MISMATCH,
    );
    assert.equal(calls, 1);
    api.system.set(5, listOf());
    assert.equal(backend.census().length, 1);
  });

  test('before 1709 there is no extension to read', () => {
    api.build = 15063;
    api.system.set(5, listOf());
    assert.equal(backend.census().record(0).classification, null);
  });
});
