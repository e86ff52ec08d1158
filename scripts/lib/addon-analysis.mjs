// Static analysis of the addon's C++: clang-tidy (test/native/addon.clang-tidy), cppcheck, and clang's compiler beside gcc's. A warning is a failure.
// What is Windows' is analysed for it, with mingw's headers.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { remembered } from '../analyze-driver.mjs';
import { inParallel } from './driver-sources.mjs';
import { filesBelow, inBuild, inRoot } from './paths.mjs';
import { run, which } from './run.mjs';

const below = (test) => filesBelow(inRoot('native'), test);
const TIDY = inRoot('test', 'native', 'addon.clang-tidy');
const sources = () => below((path) => path.endsWith('.cc'));

const mingw = () => ['x86_64-w64-mingw32-g++-posix', 'x86_64-w64-mingw32-g++'].find((name) => which(name));

/** Where mingw's C++ library has its headers; clang knows where those of C are. */
function headersOfMingw() {
  const { stdout } = spawnSync(mingw() ?? '', ['-print-file-name=include/c++'], { encoding: 'utf8', timeout: 10_000 });
  const folder = (stdout ?? '').trim();
  return [folder, `${folder}/x86_64-w64-mingw32`].flatMap((path) => ['-isystem', path]);
}

/** How CMakeLists.txt has a source compiled. */
function flagsFor(source) {
  const { include_dir: headers } = createRequire(import.meta.url)('node-api-headers');
  return [
    ...(source.includes('/win32/') ? ['--target=x86_64-w64-mingw32', ...headersOfMingw()] : []),
    ...['-std=c++17', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION', '-isystem', headers],
    ...['-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wvla', '-Wconversion', '-Wsign-conversion'],
  ];
}

/** @type {Record<string, { program: string, args: (source: string) => string[] }>} */
export const ANALYSERS = {
  'clang++': { program: 'clang++', args: (source) => ['-fsyntax-only', ...flagsFor(source), source] },
  'clang-tidy': {
    program: 'clang-tidy',
    args: (source) => ['--quiet', `--config-file=${TIDY}`, source, '--', ...flagsFor(source)],
  },
  // shadowFunction takes locals of members for functions; a loop may be a loop; a packet's owner is found by a cast.
  cppcheck: {
    program: 'cppcheck',
    args: (source) => [
      ...['--quiet', '--error-exitcode=1', '--std=c++17', '--inconclusive'],
      ...['--enable=warning,style,performance,portability', '--suppress=missingInclude', '--suppress=shadowFunction'],
      ...['--suppress=useStlAlgorithm', '--suppress=unusedStructMember', source],
    ],
  },
};

/** Every one of them must object to it. */
const WRONG = `int wrong(const int *value);
int wrong(const int *value)
{
    int unset;
    if (value == nullptr)
        return *value + unset;
    return 0;
}
`;

/** @returns {Promise<string | undefined>} what an analyser says against a file */
async function complaint({ program, args }, source) {
  const { exitCode, stdout, stderr } = await run(program, args(source), { timeout: 300 });
  const said = `${stdout}${stderr}`.trim();
  return exitCode === 0 ? undefined : said || `${source}: exit code ${exitCode}`;
}

/**
 * Analyses native/ with one of ANALYSERS; what has not changed since is not analysed again.
 * @param {string} name
 * @throws {Error} with what it says, or because it does not object to what is wrong
 */
export async function analyseAddon(name) {
  const analyser = ANALYSERS[name];
  const memory = remembered(`addon ${name}`, [
    ...below((path) => /\.(cc|c|h)$/.test(path)),
    TIDY,
    inRoot('scripts', 'lib', 'addon-analysis.mjs'),
  ]);
  if (memory.holds) return;
  mkdirSync(inBuild('addon'), { recursive: true });
  const wrong = inBuild('addon', 'wrong.cc');
  writeFileSync(wrong, WRONG);
  if ((await complaint(analyser, wrong)) === undefined) throw new Error('it does not object to what is wrong');
  const said = await inParallel(sources().map((source) => () => complaint(analyser, source)));
  const complaints = said.filter((each) => each !== undefined);
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  memory.keep();
}
