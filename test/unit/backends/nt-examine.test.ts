import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { NtBackend } from '../../../lib/backends/nt-backend.js';
import { encodeThreadBasicInformation } from '../../../lib/layout/index.js';
import {
  ACCESS_DENIED,
  INVALID_INFO_CLASS,
  LENGTH_MISMATCH,
  type ScriptedApi,
  SUCCESS,
  scriptedApi,
} from '../../support/scripted-api.js';

let api: ScriptedApi;
let backend: NtBackend;

beforeEach(() => {
  api = scriptedApi();
  backend = new NtBackend(api, { name: 'ntdll', simulated: false, description: 'scripted' });
});

describe('examine', () => {
  test('reports the object’s own pid', () => {
    const { record, thread } = backend.examine(0x40n, 'process');
    assert.equal(record.pid, 100);
    assert.equal(record.openStatus, SUCCESS);
    assert.equal(thread, null);
    assert.equal(api.closed, 0, 'the handle is not ours to close');
  });

  test('an object that answers no basic query says its pid through class 64, and has pid 0 without that', () => {
    api.process.set('0/64', LENGTH_MISMATCH);
    api.process.set('0/48', ACCESS_DENIED);
    assert.equal(backend.examine(0x40n, 'process').record.pid, 100);
    api.process.set('64', INVALID_INFO_CLASS);
    assert.equal(backend.examine(0x40n, 'process').record.pid, 0);
  });

  const threadInfo = (uniqueProcess: number, uniqueThread: number): Uint8Array =>
    encodeThreadBasicInformation({ exitStatus: 0x103, uniqueProcess, uniqueThread }, 8);

  test('a thread names its process, which is opened and asked', () => {
    api.thread = [threadInfo(100, 204)];
    const { record, thread } = backend.examine(0x44n, 'thread');
    assert.equal(record.pid, 100);
    assert.deepEqual(thread, { status: SUCCESS, tid: 204, exited: false });
  });

  test('a thread that has ended says so', () => {
    api.thread = [threadInfo(100, 204)];
    api.threadTerminated = Uint8Array.of(1, 0, 0, 0);
    assert.equal(backend.examine(0x44n, 'thread').thread?.exited, true);
  });

  test('a thread that names another process afterwards is not paired', () => {
    api.thread = [threadInfo(100, 204), threadInfo(108, 204)];
    assert.equal(backend.examine(0x44n, 'thread').thread?.status, 0xc000000b);
  });

  test('a thread that is another afterwards, in the same process, is not paired', () => {
    api.thread = [threadInfo(100, 204), threadInfo(100, 208)];
    assert.equal(backend.examine(0x44n, 'thread').thread?.status, 0xc000000b);
  });

  test('a thread of which nobody wrote whether it lives has ended', () => {
    api.thread = [threadInfo(100, 204)];
    api.threadTerminated = new Uint8Array(0);
    assert.equal(backend.examine(0x44n, 'thread').thread?.exited, true);
  });

  test('a thread that ends while its process is examined says so', () => {
    api.thread = [threadInfo(100, 204)];
    const original = api.openProcess.bind(api);
    api.openProcess = () => {
      api.threadTerminated = Uint8Array.of(1, 0, 0, 0);
      return original();
    };
    assert.deepEqual(backend.examine(0x44n, 'thread').thread, { status: SUCCESS, tid: 204, exited: true });
  });

  test('a thread that will not answer, before, after, or whether it lives, is not paired', () => {
    api.thread = [ACCESS_DENIED];
    assert.equal(backend.examine(0x44n, 'thread').thread?.status, ACCESS_DENIED);
    api.thread = [threadInfo(100, 204), ACCESS_DENIED];
    assert.equal(backend.examine(0x44n, 'thread').thread?.status, ACCESS_DENIED);
    api.thread = [threadInfo(100, 204)];
    api.threadTerminated = INVALID_INFO_CLASS;
    assert.equal(backend.examine(0x44n, 'thread').thread?.status, INVALID_INFO_CLASS);
  });
});
