/** What the README shows is code that was compiled and run: each file of test/unit/readme has its marked part there, word for word. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { scenarioNames } from '../../lib/emulator/index.js';
import { OPERATIONS } from '../../lib/index.js';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
/** The README and the pages that have code of their own. */
const pages = ['README.md', 'docs/hypervisor.md', 'docs/secure-kernel.md'].map(read).join('\n');
const readme = read('README.md');

/** The part between the two `// README` lines, as far left as it goes. */
const shown = (source: string): string => {
  const lines = source.split('\n');
  const marks = lines.flatMap((line, index) => (line.trim() === '// README' ? [index] : []));
  assert.equal(marks.length, 2);
  const part = lines.slice((marks[0] ?? 0) + 1, marks[1]);
  const indent = Math.min(...part.filter((line) => line !== '').map((line) => line.length - line.trimStart().length));
  return part.map((line) => line.slice(indent)).join('\n');
};

for (const file of readdirSync(new URL('test/unit/readme/', root))) {
  test(`the documentation shows ${file} as it was run`, () => {
    assert.ok(
      pages.includes(`\`\`\`ts\n${shown(read(`test/unit/readme/${file}`))}\n\`\`\``),
      `the README and the pages with code lack the marked part of ${file}`,
    );
  });
}

test('the README names every operation and every built-in scenario', () => {
  for (const name of [...OPERATIONS.map(({ operation }) => operation), ...scenarioNames]) {
    assert.ok(readme.includes(`\`${name}\``), name);
  }
});
