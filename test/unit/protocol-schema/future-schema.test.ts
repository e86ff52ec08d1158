import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { schemaFaults } from '../../../protocol/check-schema.js';
import { generate } from '../../../protocol/generate.js';
import { protocolOf } from '../../../protocol/schema.js';
import { futureSchema } from '../../support/future-schema.js';

const today = protocolOf('0.1.0');
const future = futureSchema(today);

const line = (text: string | undefined, start: string): string | undefined =>
  text?.split('\n').find((each) => each.startsWith(start));

describe('a future schema', () => {
  test('is a sound one', () => {
    assert.deepEqual(schemaFaults(future), []);
  });

  test('has grown every structure of a message by 8 bytes at its end, and keeps what version 1 was', () => {
    const grown = future.structures.filter(({ name }) => !name.endsWith('Header'));
    assert.equal(grown.length, 14);
    for (const { name, size, v1Size, fields } of grown) {
      assert.equal(size, v1Size + 8, name);
      assert.deepEqual([fields.at(-1)?.name, fields.at(-1)?.offset], ['future', v1Size], name);
    }
  });

  test('keeps the headers, which say what a side knows, and the versions', () => {
    for (const name of ['RequestHeader', 'ReplyHeader'])
      assert.equal(future.structures.find((each) => each.name === name)?.size, 16);
    assert.deepEqual([future.versionMin, future.versionMax], [1, 1]);
  });

  test('moves nothing that was there: its header repeats every line of today’s that is not a size', () => {
    const path = 'driver/include/trustlet_protocol.h';
    const lines = new Set(generate(future).get(path)?.split('\n'));
    const missing = generate(today)
      .get(path)
      ?.split('\n')
      .filter((each) => !lines.has(each));
    assert.equal(missing?.length, 14);
    for (const each of missing ?? []) assert.match(each, /^TL_STATIC_ASSERT\(sizeof\(TL_\w+\) == \d+, /);
    const header = generate(future).get(path);
    assert.equal(
      line(header, 'TL_STATIC_ASSERT(sizeof(TL_PROCESS_RECORD)'),
      'TL_STATIC_ASSERT(sizeof(TL_PROCESS_RECORD) == 72, "TL_PROCESS_RECORD");',
    );
    assert.equal(line(header, '#define TL_PROCESS_RECORD_V1_SIZE'), '#define TL_PROCESS_RECORD_V1_SIZE 64u');
  });

  test('leaves today’s schema as it was', () => {
    assert.equal(today.structures.find(({ name }) => name === 'HelloReply')?.size, 72);
  });
});
