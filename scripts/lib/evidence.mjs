// What `npm run test:long` writes down of itself: docs/evidence.json, from which scripts/docs.ts makes docs/evidence.md.
// A long run takes over an hour and may be made in parts (`npm run test:long -- fuzzers`): each suite's row says on which
// commit it ran, and stays until that suite passes again.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';

/** What the long counts are about: a change here makes the evidence old. */
export const WATCHED = ['lib', 'driver', 'native', 'protocol', 'test', 'scripts'];

const file = inRoot('docs', 'evidence.json');

const git = async (...args) => (await run('git', args, { timeout: 30 })).stdout.trim();

/** @returns {{ suite: string, date: string, commit: string }[]} the rows on record */
const recorded = (path) => (existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')).suites ?? []) : []);

/**
 * Writes a row for every suite that passed. One that failed or did not run is evidence of nothing, and must not take the place
 * of one that passed.
 * @param {{ suite: { name: string, where: string }, outcome: { passed: number, failed: number, measured?: string[], notRun?: string }, seconds: number }[]} rows
 * @param {object} options
 * @param {string} options.runs property runs a test
 * @param {readonly string[]} options.suites names of all suites there are, in order: rows of others are dropped
 * @param {string} [options.to] the file
 * @returns {Promise<string>} what became of it, a sentence
 */
export async function writeEvidence(rows, { runs, suites, to = file }) {
  const passed = rows.filter(({ suite, outcome }) => suites.includes(suite.name) && isEvidence(outcome));
  const left = rows.filter(({ suite, outcome }) => suites.includes(suite.name) && !isEvidence(outcome));
  const about = {
    date: new Date().toISOString().slice(0, 10),
    commit: await git('rev-parse', 'HEAD'),
    changedBeside: (await git('status', '--porcelain', '--', ...WATCHED)) !== '',
    machine: `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, node ${process.versions.node}`,
    propertyRuns: Number(runs),
  };
  const fresh = passed.map(({ suite, outcome, seconds }) => ({
    suite: suite.name,
    where: suite.where,
    passed: outcome.passed,
    failed: outcome.failed,
    ...((outcome.measured ?? []).length > 0 ? { measured: outcome.measured } : {}),
    seconds: Math.round(seconds),
    ...about,
  }));
  const all = new Map([...recorded(to), ...fresh].map((row) => [row.suite, row]));
  const kept = suites.flatMap((name) => all.get(name) ?? []);
  writeFileSync(to, `${JSON.stringify({ command: 'npm run test:long', suites: kept }, null, 2)}\n`);
  const missing = left.length === 0 ? '' : `, not ${left.map(({ suite }) => suite.name).join(' and ')}`;
  return `Written down in ${to}: ${fresh.length} suites${missing}.`;
}

const isEvidence = ({ failed, notRun }) => failed === 0 && notRun === undefined;

/**
 * How far the evidence is from the present tree.
 * @param {readonly string[]} suites names of all suites
 * @returns {Promise<string>} sentences
 */
export async function evidenceAge(suites) {
  const rows = recorded(file);
  const without = suites.filter((name) => !rows.some(({ suite }) => suite === name));
  const sentences = [];
  for (const commit of new Set(rows.map((row) => row.commit))) {
    const ofCommit = rows.filter((row) => row.commit === commit);
    sentences.push(
      `${ofCommit.length} suites had their long run on ${ofCommit[0].date}, commit ${commit.slice(0, 12)}; changed since: ${await changedSince(commit)}.`,
    );
  }
  if (without.length > 0) sentences.push(`No long run is on record of: ${without.join('; ')}.`);
  return sentences.join('\n');
}

async function changedSince(commit) {
  const changed = await run('git', ['diff', '--name-only', commit, '--', ...WATCHED], { timeout: 30 });
  if (changed.exitCode !== 0) return 'unknown, this clone does not have that commit';
  const paths = changed.stdout.split('\n').filter(Boolean);
  return [...new Set(paths.map((path) => path.split('/')[0]))].join(', ') || 'nothing';
}
