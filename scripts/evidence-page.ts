/** docs/evidence.md from docs/evidence.json, which `npm run test:long` writes. */

interface SuiteEvidence {
  readonly suite: string;
  readonly where: string;
  readonly passed: number;
  readonly failed: number;
  readonly measured?: readonly string[];
  readonly seconds: number;
  readonly date: string;
  readonly commit: string;
  readonly changedBeside: boolean;
  readonly machine: string;
  readonly propertyRuns: number;
}

interface Evidence {
  readonly command: string;
  readonly suites: readonly SuiteEvidence[];
}

const HEAD: readonly string[] = [
  '<!-- Written by scripts/docs.ts from docs/evidence.json. Do not edit; run `npm run test:long`, then `npm run docs`. -->',
  '# Evidence',
  '',
  'What each suite counted in its last long run, which may have been a run of some suites only. _emulated_, _simulated kernel_ and _Wine_ show',
  'that the code agrees with the collected facts; nothing here ran on Windows.',
  '',
];

/** @param json the text of docs/evidence.json; empty where there is none yet */
export const evidencePage = (json: string): string => {
  if (json === '') return `${[...HEAD, 'No long run is on record yet.'].join('\n')}\n`;
  const { command, suites } = JSON.parse(json) as Evidence;
  const machines = [...new Set(suites.map((row) => row.machine))];
  const runs = [...new Set(suites.map((row) => row.propertyRuns))];
  return `${[
    ...HEAD,
    `\`${command}\` on ${machines.join('; ')}; ${runs.join(' or ')} runs a property.`,
    '',
    '| suite | where | passed | failed | seconds | date | commit |',
    '|---|---|---:|---:|---:|---|---|',
    ...suites.map(
      ({ suite, where, passed, failed, seconds, date, commit, changedBeside }) =>
        `| ${suite} | ${where} | ${passed} | ${failed} | ${seconds} | ${date} | \`${commit.slice(0, 12)}\`${changedBeside ? ', changed' : ''} |`,
    ),
    '',
    ...suites.flatMap(({ suite, measured = [] }) => measured.map((sentence) => `- ${suite}: ${sentence}`)),
  ]
    .join('\n')
    .trimEnd()}\n`;
};
