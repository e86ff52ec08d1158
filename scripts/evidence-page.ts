/** docs/evidence.md from docs/evidence.json, which `npm run test:long` writes. */

interface SuiteEvidence {
  readonly suite: string;
  readonly where: string;
  readonly passed: number;
  readonly failed: number;
  readonly notRun?: string;
  readonly seconds: number;
}

interface Evidence {
  readonly commit: string;
  readonly changedBeside: boolean;
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  readonly propertyRuns: number;
  readonly suites: readonly SuiteEvidence[];
}

const HEAD: readonly string[] = [
  '<!-- Written by scripts/docs.ts from docs/evidence.json. Do not edit; run `npm run test:long`, then `npm run docs`. -->',
  '# Evidence',
  '',
  'What the last long run counted. _emulated_, _simulated kernel_ and _Wine_ show that the code agrees with the collected facts; nothing here',
  'ran on Windows.',
  '',
];

/** @param json the text of docs/evidence.json; empty where there is none yet */
export const evidencePage = (json: string): string => {
  if (json === '') return `${[...HEAD, 'No long run is on record yet.'].join('\n')}\n`;
  const { commit, changedBeside, command, date, machine, propertyRuns, suites } = JSON.parse(json) as Evidence;
  return `${[
    ...HEAD,
    `\`${command}\` on ${date}, commit \`${commit.slice(0, 12)}\`${changedBeside ? ' with uncommitted changes' : ''}, ${machine}; ${propertyRuns} runs a property.`,
    '',
    '| suite | where | passed | failed | seconds |',
    '|---|---|---:|---:|---:|',
    ...suites.map(
      ({ suite, where, passed, failed, notRun, seconds }) =>
        `| ${suite} | ${where} | ${notRun === undefined ? passed : `not run: ${notRun}`} | ${failed} | ${seconds} |`,
    ),
  ].join('\n')}\n`;
};
