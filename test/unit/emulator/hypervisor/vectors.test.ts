/** The reference vectors R01 to R56 of facts/vsm.md 6, one test for each vector and profile it names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enablingVectors } from './vectors/enabling.js';
import { encodingVectors } from './vectors/encodings.js';
import { interfaceVectors } from './vectors/interface.js';
import { memoryVectors } from './vectors/memory.js';
import { registerVectors } from './vectors/registers.js';
import { switchingVectors } from './vectors/switching.js';

const vectors = [
  ...registerVectors,
  ...enablingVectors,
  ...switchingVectors,
  ...memoryVectors,
  ...interfaceVectors,
  ...encodingVectors,
].sort((one, other) => one.id.localeCompare(other.id));

for (const { id, profile, what, run } of vectors) test(`${id} (${profile}): ${what}`, run);

test('every vector from R01 to R56 is here, under each profile it names', () => {
  const ids = Array.from({ length: 56 }, (_, index) => `R${String(index + 1).padStart(2, '0')}`);
  assert.deepEqual([...new Set(vectors.map(({ id }) => id))], ids);
  const named = vectors.map(({ id, profile }) => `${id} ${profile}`);
  assert.equal(new Set(named).size, named.length);
  assert.equal(named.length, 95);
});
