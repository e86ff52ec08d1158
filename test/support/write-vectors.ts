/** `node dist/test/support/write-vectors.js <folder>` writes decisions.txt and judgements.txt for test/driver/vectors_test.c. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decisionVectors, judgementVectors } from './vectors.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node dist/test/support/write-vectors.js <folder>');
  process.exitCode = 2;
} else {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'decisions.txt'), decisionVectors());
  writeFileSync(join(folder, 'judgements.txt'), judgementVectors());
}
