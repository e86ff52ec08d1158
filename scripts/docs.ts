/**
 * Writes the generated pages of docs/. `--check` writes nothing, compares, and exits 1 when a page is stale.
 * Compiled to dist/scripts/docs.js.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Behaviour, behaviours, type Consequence, consequences } from '../lib/emulator/behaviours.js';
import { scenarioJsonSchema } from '../lib/emulator/scenario-schema.js';
import { benchPage } from './bench-page.js';
import { evidencePage } from './evidence-page.js';
import { explainPage } from './explain-page.js';
import { hypervisorPage } from './hypervisor-page.js';
import { inspectPage } from './inspect-page.js';
import { posturePage } from './posture-page.js';

const ROOT = new URL('../../', import.meta.url);

const code = (value: string | number): string =>
  typeof value === 'number' && value > 9 ? `\`0x${value.toString(16)}\`` : `\`${value}\``;

const policyText = (row: Behaviour): string =>
  row.policy === null
    ? 'none: nothing is left open'
    : `\`${row.policy}\`: ${[row.outcome, ...row.alternatives].map(code).join(', ')} (the first is the default)`;

const section = (row: Behaviour | Consequence): readonly string[] => [
  `### ${row.id}`,
  '',
  row.statement,
  '',
  `- **What we do:** ${row.does}`,
  ...('follows' in row
    ? [`- **Follows from:** ${row.follows.join(', ')}`]
    : [`- **Outcome:** ${code(row.outcome)}`, `- **Policy:** ${policyText(row)}`]),
  `- **Test:** \`test/unit/emulator/behaviours/${row.test.file.replace(/\.js$/, '.ts')}\`: ${row.test.title}`,
  `- **Evidence:** ${row.evidence}`,
  `- **Source:** ${row.source}`,
  '- **Seen:** emulated',
  '',
];

/** docs/behaviours.md, from the behaviour table. */
export const behavioursPage = (): string => {
  const decided = behaviours.filter((row) => row.id.startsWith('B'));
  const seed = [...decided, ...consequences].sort((a, b) => (a.id < b.id ? -1 : 1));
  const further = behaviours.filter((row) => !row.id.startsWith('B'));
  return `${[
    '<!-- Written by scripts/docs.ts from lib/emulator/behaviours.ts. Do not edit; run `npm run docs`. -->',
    '# Behaviours',
    '',
    'What the emulated machine answers where the answer is a statement about Windows, and how each is known. The emulator reads the',
    'outcome from this table to act, and `scripts/flip-behaviours.mjs` shows that the test named for a row fails once the outcome is',
    'another. A statement without an outcome of its own names the rows it follows from: its test fails once one of those is another.',
    '_Seen: emulated_ means that nothing here was observed on a real Windows by this project.',
    '',
    'Evidence: `documented` by Microsoft; `observed` in published experiments; `derived` from published analyses of the code;',
    '`assumed` where nothing better is known. `facts/` names the project’s fact sheets. _seed_ is Microsoft’s article "Isolated User',
    'Mode (IUM) Processes". A policy is chosen by a scenario (`"policies"`) or by `boot({ policies })`.',
    '',
    '## Statements of the seed article',
    '',
    ...seed.flatMap(section),
    '## Further outcomes',
    '',
    ...further.flatMap(section),
  ]
    .join('\n')
    .trimEnd()}\n`;
};

interface Page {
  readonly path: string;
  readonly text: string;
}

const pages = (): readonly Page[] => [
  { path: 'docs/behaviours.md', text: behavioursPage() },
  { path: 'docs/explain.md', text: explainPage() },
  { path: 'docs/hypervisor.md', text: hypervisorPage() },
  { path: 'docs/inspect.md', text: inspectPage() },
  { path: 'docs/posture.md', text: posturePage() },
  { path: 'docs/scenario.schema.json', text: `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n` },
  { path: 'docs/bench.md', text: benchPage(readPage(new URL('bench/results.json', ROOT))) },
  { path: 'docs/evidence.md', text: evidencePage(readPage(new URL('docs/evidence.json', ROOT))) },
];

const readPage = (url: URL): string => {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return '';
  }
};

const main = (): void => {
  const check = process.argv.includes('--check');
  for (const { path, text } of pages()) {
    const url = new URL(path, ROOT);
    const stale = readPage(url) !== text;
    if (stale && check) {
      console.error(`${path} is stale: run npm run docs.`);
      process.exitCode = 1;
    }
    if (stale && !check) writeFileSync(url, text);
    console.log(`${path}: ${stale ? (check ? 'stale' : 'written') : 'up to date'}`);
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
