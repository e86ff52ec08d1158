import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { flipOutcome, outcomeOf } from '../../../lib/emulator/behaviours/current.js';
import { behaviours, consequences } from '../../../lib/emulator/behaviours.js';
import { outcomesWith } from '../../../lib/emulator/policies.js';

describe('the behaviour table', () => {
  test('has every statement this version takes, once and in order', () => {
    const seed = [...behaviours, ...consequences]
      .map(({ id }) => id)
      .filter((id) => id.startsWith('B'))
      .sort();
    assert.deepEqual(seed, [
      'B01',
      'B02',
      'B03',
      'B04',
      'B05',
      'B06',
      'B07',
      'B08',
      'B09',
      'B10',
      'B11',
      'B12',
      'B13',
      'B14',
      'B15',
      'B16',
      'B17',
      'B18',
      'B19',
      'B20',
      'B21',
      'B22',
      'B23',
      'B24',
      'B25',
      'B26',
      'B27',
      'B28',
      'B29',
      'B30',
      'B31',
      'B32',
      'B33',
      'B34',
      'B35',
      'B36',
      'B37',
      'B38',
      'B39',
      'B40',
      'B41',
      'B42',
      'B43',
      'B44',
      'B45',
      'B46',
      'B47',
      'B48',
      'B49',
      'B50',
      'B51',
      'B52',
    ]);
    assert.equal(new Set(behaviours.map(({ id }) => id)).size, behaviours.length);
    assert.deepEqual(
      behaviours.map(({ id }) => id).filter((id) => !id.startsWith('B')),
      Array.from({ length: 16 }, (_, index) => `N${String(index + 1).padStart(2, '0')}`),
    );
  });

  test('names a test that exists for every row, and no test twice', () => {
    const rows = [...behaviours, ...consequences];
    for (const { id, test: named } of rows) {
      const file = new URL(`behaviours/${named.file}`, import.meta.url);
      assert.ok(existsSync(file), `${id}: ${named.file}`);
      assert.ok(readFileSync(file, 'utf8').includes(`test('${named.title}'`), `${id}: ${named.title}`);
    }
    assert.equal(new Set(rows.map((row) => row.test.title)).size, rows.length);
  });

  test('gives every row another outcome to flip to, a statement and a source', () => {
    for (const row of behaviours) {
      assert.ok(row.alternatives.length > 0, row.id);
      assert.equal(row.alternatives.includes(row.outcome), false, row.id);
      assert.ok(row.statement.endsWith('.') && row.does.endsWith('.') && row.source !== '', row.id);
    }
    const names = behaviours.flatMap(({ policy }) => (policy === null ? [] : [policy]));
    assert.equal(new Set(names).size, names.length);
  });

  test('gives every consequence rows it follows from, a statement and a source', () => {
    for (const row of consequences) {
      assert.ok(row.follows.length > 0, row.id);
      for (const id of row.follows)
        assert.ok(
          behaviours.some((behaviour) => behaviour.id === id),
          `${row.id}: ${id}`,
        );
      assert.ok(row.statement.endsWith('.') && row.does.endsWith('.') && row.source !== '', row.id);
    }
  });

  test('is what a machine acts on, until a row is flipped', () => {
    assert.equal(outcomeOf('B42'), 'STATUS_ACCESS_VIOLATION');
    try {
      flipOutcome('B42', 'STATUS_ACCESS_DENIED');
      assert.equal(outcomesWith().B42, 'STATUS_ACCESS_DENIED');
      assert.equal(outcomesWith({ 'read-memory': 'STATUS_PARTIAL_COPY' }).B42, 'STATUS_PARTIAL_COPY');
    } finally {
      flipOutcome('B42', 'STATUS_ACCESS_VIOLATION');
    }
    assert.throws(() => outcomeOf('B99' as never), RangeError);
  });
});
