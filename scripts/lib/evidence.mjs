// What `npm run test:long` writes down of itself: docs/evidence.json, from which scripts/docs.ts makes docs/evidence.md.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';

/** What the long counts are about: a change here makes the evidence old. */
export const WATCHED = ['lib', 'driver', 'native', 'protocol', 'test', 'scripts'];

const file = inRoot('docs', 'evidence.json');

const git = async (...args) => (await run('git', args, { timeout: 30 })).stdout.trim();

/**
 * Writes the record, unless something failed: a failed run is evidence of nothing, and must not take the place of one that passed.
 * @param {{ suite: { name: string, where: string }, outcome: { passed: number, failed: number, notRun?: string }, seconds: number }[]} rows
 * @param {string} runs property runs a test
 * @param {string} to the file
 * @returns {Promise<string>} what became of it, a sentence
 */
export async function writeEvidence(rows, runs, to = file) {
  const failed = rows.filter(({ outcome }) => outcome.failed > 0).map(({ suite }) => suite.name);
  if (failed.length > 0) return `This run was not written down: ${failed.join(' and ')} failed.`;
  const suites = rows.map(({ suite, outcome, seconds }) => ({
    suite: suite.name,
    where: suite.where,
    passed: outcome.passed,
    failed: outcome.failed,
    ...(outcome.notRun === undefined ? {} : { notRun: outcome.notRun }),
    seconds: Math.round(seconds),
  }));
  const evidence = {
    commit: await git('rev-parse', 'HEAD'),
    changedBeside: (await git('status', '--porcelain', '--', ...WATCHED)) !== '',
    command: 'npm run test:long',
    date: new Date().toISOString().slice(0, 10),
    machine: `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, node ${process.versions.node}`,
    propertyRuns: Number(runs),
    suites,
  };
  writeFileSync(to, `${JSON.stringify(evidence, null, 2)}\n`);
  return `This run was written down in ${to}.`;
}

/** @returns {Promise<string>} how far the evidence is from the present tree, a sentence */
export async function evidenceAge() {
  if (!existsSync(file)) return 'No long run is on record (docs/evidence.json): run `npm run test:long`.';
  const { commit, date } = JSON.parse(readFileSync(file, 'utf8'));
  const changed = await run('git', ['diff', '--name-only', commit, '--', ...WATCHED], { timeout: 30 });
  if (changed.exitCode !== 0)
    return `The last long run (${date}) was on commit ${commit.slice(0, 12)}, which this clone does not have.`;
  const folders = [
    ...new Set(
      changed.stdout
        .split('\n')
        .filter(Boolean)
        .map((path) => path.split('/')[0]),
    ),
  ];
  return `The last long run was on ${date}, commit ${commit.slice(0, 12)}; changed since: ${folders.join(', ') || 'nothing'}.`;
}
