// Coverage gates, read from c8's JSON summary so that each folder has exactly its own.

import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { rawCoverage } from './node-tests.mjs';
import { inBuild, inRoot, root } from './paths.mjs';
import { run } from './run.mjs';

/** @type {{ name: string, covers: (path: string) => boolean, lines: number, branches?: number }[]} */
export const GATES = [
  { name: 'lib/guard', covers: (path) => path.startsWith('lib/guard/'), lines: 100, branches: 100 },
  { name: 'lib/layout', covers: (path) => path.startsWith('lib/layout/'), lines: 100, branches: 100 },
  { name: 'lib/native', covers: (path) => path.startsWith('lib/native/'), lines: 100, branches: 100 },
  {
    name: 'lib/backends/driver*.ts',
    covers: (path) => path.startsWith('lib/backends/driver'),
    lines: 100,
    branches: 100,
  },
  { name: 'lib/pe', covers: (path) => path.startsWith('lib/pe/'), lines: 100, branches: 100 },
  { name: 'lib/open.ts', covers: (path) => path === 'lib/open.ts', lines: 100, branches: 100 },
  { name: 'lib/errors.ts', covers: (path) => path === 'lib/errors.ts', lines: 100, branches: 100 },
  { name: 'lib', covers: (path) => path.startsWith('lib/'), lines: 95, branches: 95 },
];

/**
 * @typedef {{ lines: { total: number, covered: number }, branches: { total: number, covered: number } }} Summary
 */

/**
 * Judges a summary by the gates.
 * @param {Record<string, Summary>} files by path relative to the repository
 * @param {typeof GATES} [gates]
 * @returns {{ name: string, passed: boolean, text: string }[]}
 */
export function judge(files, gates = GATES) {
  return gates.map(({ name, covers, ...limits }) => {
    const chosen = Object.entries(files).filter(([path]) => covers(path));
    const measures = /** @type {const} */ (['lines', 'branches']).filter((measure) => limits[measure] !== undefined);
    const results = measures.map((measure) => {
      const sum = (key) => chosen.reduce((total, [, summary]) => total + summary[measure][key], 0);
      const percent = (100 * sum('covered')) / Math.max(1, sum('total'));
      const short = chosen
        .filter(([, summary]) => summary[measure].covered < summary[measure].total)
        .map(([path]) => path);
      // Rounded down: 99.996 % is not 100 %.
      return { measure, percent, shown: Math.floor(percent * 100) / 100, limit: limits[measure], short };
    });
    const passed = chosen.length > 0 && results.every((result) => result.percent >= result.limit);
    const text =
      chosen.length === 0 ? 'no file' : results.map((r) => `${r.shown} % ${r.measure} (gate ${r.limit})`).join(', ');
    const short = passed ? [] : [...new Set(results.filter((r) => r.percent < r.limit).flatMap((r) => r.short))];
    return { name, passed, text: short.length > 0 ? `${text}; not full: ${short.join(' ')}` : text };
  });
}

/** A module of types only compiles to `export {};`: nothing in it can run, loaded or not. */
function hasCode(path) {
  const compiled = inRoot('dist', path.replace(/\.ts$/, '.js'));
  if (!existsSync(compiled)) return true;
  const code = readFileSync(compiled, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return code.trim() !== 'export {};';
}

/** Merges the coverage of the native runs, writes the report to build/coverage/report and judges it. */
export async function measureCoverage() {
  const folder = inBuild('coverage', 'report');
  const c8 = inRoot('node_modules', 'c8', 'bin', 'c8.js');
  const args = [
    'report',
    '--temp-directory',
    rawCoverage,
    '--report-dir',
    folder,
    '--all',
    '--src',
    'lib',
    '--src',
    'dist/lib',
  ];
  args.push('--include', 'lib/**', '--include', 'dist/lib/**', '--exclude-after-remap');
  args.push('--reporter', 'json-summary', '--reporter', 'text', '--reporter', 'lcovonly');
  const result = await run(process.execPath, [c8, ...args], { timeout: 300 });
  if (result.exitCode !== 0) return { passed: 0, failed: 1, skipped: 0, log: result.stdout + result.stderr };

  const { total: _, ...byFile } = JSON.parse(readFileSync(`${folder}/coverage-summary.json`, 'utf8'));
  const files = Object.entries(byFile).map(([path, summary]) => [relative(root, path), summary]);
  const gates = judge(Object.fromEntries(files.filter(([path]) => hasCode(path))));
  const failed = gates.filter((gate) => !gate.passed);
  return {
    passed: gates.length - failed.length,
    failed: failed.length,
    skipped: 0,
    note: gates.map((gate) => `${gate.name}: ${gate.text.split(';')[0]}`).join('\n'),
    log: [...failed.map((gate) => `below the gate: ${gate.name}: ${gate.text}`), result.stdout].join('\n'),
  };
}
