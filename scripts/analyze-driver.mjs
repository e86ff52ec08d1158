// node scripts/analyze-driver.mjs: static analysis of the driver's C by gcc -fanalyzer, clang-tidy and cppcheck, and the
// format of all C. A warning is a failure. The last line is `N passed, N failed`.
// Each analyser is first shown a function that is wrong: one that says nothing of it has not been looking.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLANG_FLAGS, driverSources, GCC_FLAGS, inParallel } from './lib/driver-sources.mjs';
import { filesBelow, inBuild, inRoot, root } from './lib/paths.mjs';
import { run, which } from './lib/run.mjs';

const isC = (path) => /\.[ch]$/.test(path) && !path.includes('/node_modules/');
const cBelow = (...folder) => filesBelow(inRoot(...folder), isC);

/** The C that may go into a kernel: the driver, and the library for other drivers with its sample. */
const kernelSources = () => [
  ...driverSources(),
  ...[...cBelow('driver', 'guard'), ...cBelow('driver', 'sample')].filter((path) => path.endsWith('.c')),
];
const GUARD = ['-I', inRoot('driver', 'guard')];

/** Whose answer depends on what: the sources, every header, the settings, and this script's own flags. */
const dependencies = () => [
  ...['core', 'wdm', 'include', 'guard', 'sample', 'ntsim/ddk'].flatMap((folder) => cBelow('driver', folder)),
  ...['.clang-tidy', 'scripts/analyze-driver.mjs', 'scripts/lib/driver-sources.mjs'].map((path) => inRoot(path)),
];

const mingw = () => ['x86_64-w64-mingw32-gcc-posix', 'x86_64-w64-mingw32-gcc'].find((name) => which(name)) ?? 'gcc';

/**
 * @typedef {object} Analyser
 * @property {string} program
 * @property {(source: string) => string[]} args
 */

/** @type {Record<string, Analyser>} */
const ANALYSERS = {
  'gcc -fanalyzer': {
    program: mingw(),
    args: (source) => [...GCC_FLAGS, ...GUARD, '-fanalyzer', '-c', source, '-o', '/dev/null'],
  },
  'clang-tidy': {
    program: 'clang-tidy',
    args: (source) => ['--quiet', `--config-file=${inRoot('.clang-tidy')}`, source, '--', ...CLANG_FLAGS, ...GUARD],
  },
  // With the simulated kit's headers: it has no patience for those of mingw.
  cppcheck: {
    program: 'cppcheck',
    args: (source) => [
      ...['--quiet', '--error-exitcode=1', '--std=c11', '--platform=win64', '--max-configs=1', '--inconclusive'],
      ...['--enable=warning,style,performance,portability', '--suppress=unusedStructMember', '-D_WIN64=1'],
      ...['ntsim/ddk', 'core', 'wdm', 'include', 'guard'].flatMap((folder) => ['-I', inRoot('driver', folder)]),
      source,
    ],
  },
};

/** Uses what it has just found to be NULL; every one of them must say so. */
const WRONG = `#include "nt.h"
NTSTATUS TlWrong(PULONG Value);
NTSTATUS TlWrong(PULONG Value)
{
    if (Value == NULL)
    {
        *Value = 1;
    }
    return STATUS_SUCCESS;
}
`;

/** @returns {Promise<string | undefined>} what the analyser says against a file */
async function complaint({ program, args }, source) {
  const result = await run(program, args(source), { timeout: 300 });
  const said = `${result.stdout}${result.stderr}`.trim();
  // clang-tidy counts what it kept silent about, in headers that are not ours.
  const silent = result.exitCode === 0 && (said === '' || /^\d+ warnings? generated\.$/.test(said));
  return silent ? undefined : `${basename(source)}: ${said || `exit code ${result.exitCode}`}`;
}

/** @returns {Promise<string | undefined>} */
async function analyse(analyser) {
  const wrong = inBuild('driver', 'wrong.c');
  mkdirSync(inBuild('driver'), { recursive: true });
  writeFileSync(wrong, WRONG);
  const shown = await complaint(analyser, wrong);
  if (!/null/i.test(shown ?? '')) return `it does not object to a NULL pointer: ${shown ?? 'it says nothing'}`;
  const said = await inParallel(kernelSources().map((source) => () => complaint(analyser, source)));
  const complaints = said.filter((each) => each !== undefined);
  return complaints.length === 0 ? undefined : complaints.join('\n');
}

/** Says in its first lines that a program wrote it. */
const isGenerated = (path) => /\b(generated|do not edit)\b/i.test(readFileSync(path, 'utf8').split('\n', 4).join('\n'));

/** Every C file a person wrote under driver/ and test/ is as clang-format writes it. @returns {Promise<string | undefined>} */
async function format() {
  const files = [...cBelow('driver'), ...cBelow('test')].filter((path) => !isGenerated(path));
  const said = await inParallel(
    files.map((file) => async () => {
      const { exitCode } = await run('clang-format', ['--dry-run', '-Werror', file], { timeout: 60 });
      return exitCode === 0 ? undefined : file.slice(root.length + 1);
    }),
  );
  const wrong = said.filter((file) => file !== undefined);
  return wrong.length === 0 ? undefined : `not as clang-format writes them (clang-format -i): ${wrong.join(' ')}`;
}

/** Remembers that something passed, by the hash of all it depends on. */
export function remembered(name, files) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) hash.update(file).update(readFileSync(file));
  const path = inBuild('driver', 'analysed', name.replaceAll(/\W+/g, '-'));
  const digest = hash.digest('hex');
  return {
    holds: existsSync(path) && readFileSync(path, 'utf8') === digest,
    keep: () => {
      mkdirSync(inBuild('driver', 'analysed'), { recursive: true });
      writeFileSync(path, digest);
    },
  };
}

async function main() {
  const checks = [
    ...Object.entries(ANALYSERS).map(([name, analyser]) => [name, () => analyse(analyser), dependencies()]),
    ['format', format, [...cBelow('driver'), ...cBelow('test'), inRoot('.clang-format')]],
  ];
  let failed = 0;
  for (const [name, check, files] of checks) {
    const memory = remembered(name, files);
    const wrong = memory.holds ? undefined : await check().catch((error) => error.message);
    if (wrong === undefined) memory.keep();
    else failed++;
    console.log(wrong === undefined ? `ok    ${name}` : `FAIL  ${name}\n${wrong}`);
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
