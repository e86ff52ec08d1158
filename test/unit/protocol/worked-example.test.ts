/** docs/protocol.md shows a request and its reply as bytes: they are what the codec writes and reads. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Codec, validateRequest } from '../../../lib/protocol/index.js';

const root = new URL('../../../../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const page = text('docs/protocol.md');

/** The hexadecimal bytes of the page's blocks, in order; what stands after `#` is for readers. */
const blocks = [...page.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, block = '']) =>
  Uint8Array.from(block.replaceAll(/#.*/g, '').match(/\S+/g) ?? [], (byte) => Number.parseInt(byte, 16)),
);

const codec = new Codec();

describe('the worked example of docs/protocol.md', () => {
  test('there are a request of 28 bytes and a reply of 80', () => {
    assert.deepEqual(
      blocks.map((bytes) => bytes.length),
      [28, 80],
    );
  });

  test('the request is what the codec writes, and passes with exactly 80 bytes of room', () => {
    const request = blocks[0] ?? new Uint8Array();
    assert.deepEqual(codec.encodeQuery([812]), request);
    assert.equal(validateRequest(0x8e546408, request, 80), 0);
    assert.equal(validateRequest(0x8e546408, request, 79), 0xc0000023);
    assert.ok(page.includes('DeviceIoControl with code `0x8E546408`'));
  });

  test('the reply reads as the comments beside it say', () => {
    const records = codec.decodeQuery(blocks[1] ?? new Uint8Array(), [812]);
    assert.deepEqual(records.record(0), {
      pid: 812,
      openStatus: 0,
      extendedStatus: 0,
      flags: 0x80,
      protection: 0,
      classification: null,
      name: null,
      parentPid: 668,
      sessionId: null,
      createTime: 0x01db0b13a2b5d200n,
      startKey: 0x000700000000021cn,
      reused: false,
    });
    assert.deepEqual(records.judgement(0), {
      verdict: 'secure',
      reason: 'secure-bit-set',
      evidence: 'documented',
      status: 0,
    });
  });

  test('each line stands at the offset it names', () => {
    for (const [, block = ''] of page.matchAll(/^```text\n([\s\S]*?)^```$/gm)) {
      let offset = 0;
      for (const line of block.trimEnd().split('\n')) {
        const [bytes = '', about = ''] = line.split('#');
        assert.equal(Number.parseInt(about, 10), offset, line);
        offset += bytes.trim().split(' ').length;
      }
    }
  });

  test('the steps of the validation end in the statuses of the table, with its error numbers', () => {
    const errors = new Map(
      [...page.matchAll(/^\| `(STATUS_\w+)`\s+\| `0x[0-9A-F]{8}`\s+\| (\d+) /gm)].map(([, name, error]) => [
        name,
        error,
      ]),
    );
    assert.equal(errors.size, 9);
    const steps = [...page.matchAll(/^\| \d+ +\|.*\| `(STATUS_\w+)`\s+\| (\d+)\s+\|$/gm)];
    assert.equal(steps.length, 11);
    for (const [line, status, error] of steps) assert.equal(errors.get(status), error, line);
    for (const [line, status, error] of page.matchAll(/`(STATUS_\w+)`, (\d+)\)/g))
      assert.equal(errors.get(status), error, line);
  });

  test('the path in the C header is the link that the driver makes', () => {
    const path = /#define TL_DEVICE_PATH L"((?:[^"\\]|\\.)*)"/.exec(text('driver/include/trustlet_protocol.h'))?.[1];
    const link = /TlLinkName\[\] = L"((?:[^"\\]|\\.)*)"/.exec(text('driver/wdm/names.c'))?.[1];
    assert.equal(path, String.raw`\\\\.\\Trustlet`);
    assert.equal(link, String.raw`\\DosDevices\\Trustlet`);
  });
});
