// Keeps dist/ in step with the sources: tsc -b never removes the output of a source that is gone, and never rewrites an
// output that somebody deleted.

import { existsSync, rmSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { filesBelow, inRoot } from './paths.mjs';
import { run } from './run.mjs';

const PARTS = ['lib', 'test', 'scripts', 'bench'];
const OUTPUT = /\.(?:d\.ts(?:\.map)?|js(?:\.map)?)$/;

const isSource = (path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.includes('/node_modules/');
const sourcesOf = (part) => filesBelow(inRoot(part), isSource);

/**
 * Removes compiled files whose source is gone, so that a deleted test cannot run on.
 * @returns {string[]} what was removed, relative to the repository
 */
export function pruneStale() {
  const removed = [];
  for (const part of PARTS) {
    for (const output of filesBelow(inRoot('dist', part), (path) => OUTPUT.test(path))) {
      const path = relative(inRoot('dist'), output);
      if (existsSync(inRoot(path.replace(OUTPUT, '.ts')))) continue;
      rmSync(output);
      removed.push(`dist/${path}`);
    }
  }
  return removed;
}

const outputOf = (source) => inRoot('dist', relative(inRoot(), source).replace(/\.ts$/, '.js'));

/**
 * Compiles.
 * @param {string[]} [projects] folders with a tsconfig.json; default: all
 * @returns {Promise<import('./run.mjs').RunResult>}
 */
export async function build(projects = []) {
  const lost = PARTS.some((part) => sourcesOf(part).some((source) => !existsSync(outputOf(source))));
  const force = lost && existsSync(inRoot('dist')) ? ['--force'] : [];
  const tsc = inRoot('node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) throw new Error('TypeScript is not installed: run `npm install` first');
  return run(process.execPath, [tsc, '-b', ...force, ...projects], { timeout: 300 });
}

/** Whether the compiled library is missing or older than a source. */
export function libraryIsStale() {
  const stamp = inRoot('dist', 'lib.tsbuildinfo');
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  return sourcesOf('lib').some((source) => !existsSync(outputOf(source)) || statSync(source).mtimeMs > built);
}
