// What is in the package, pinned: a list for everything but the library, whose files must be those that its sources give.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { runInNewContext } from 'node:vm';
import { PREBUILT } from './package-tarball.mjs';
import { filesBelow, inRoot } from './paths.mjs';

/** Pages and texts; a new page of docs/ has to be added here by somebody who means it to be published. */
const KEPT = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'docs/behaviours.md',
  'docs/bench.md',
  'docs/driver.md',
  'docs/evidence.md',
  'docs/explain.md',
  'docs/guard-for-drivers.md',
  'docs/hypervisor.md',
  'docs/inspect.md',
  'docs/lsa.md',
  'docs/posture.md',
  'docs/protocol.md',
  'docs/scenario.schema.json',
  'docs/secure-kernel.md',
  'docs/security.md',
  'docs/sources.md',
  'docs/wine-probes.md',
  'native/binding.gyp',
  'package.json',
  PREBUILT,
];

/** What must never be in it, whatever the lists say: drivers, other binaries, what installs them, tests. */
const NEVER =
  /\.(?:sys|inf|cat|dll|exe|lib|obj|o|a|tsbuildinfo|tgz)$|(?<!^prebuilds\/win32-x64\/trustlet)\.node$|\.test\.|(?:^|\/)(?:host|test)\/|(?:^|\/)\./;

/** A binding.gyp is Python's literals: JSON but for comments and the commas that end lists. */
const readGyp = (text) => JSON.parse(text.replaceAll(/^\s*#.*$/gm, '').replaceAll(/,(?=\s*[\]}])/g, ''));

/** A condition of gyp's, such as `OS=='win' or mingw==1`. */
const holds = (condition, variables) =>
  runInNewContext(condition.replaceAll(/\bor\b/g, '||').replaceAll(/\band\b/g, '&&'), { ...variables }) === true;

/** Every string that gyp reads under these variables. @returns {string[]} */
function stringsIn(value, variables) {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap((each) => stringsIn(each, variables));
  return Object.entries(value ?? {}).flatMap(([key, part]) =>
    key === 'conditions'
      ? part.flatMap(([condition, then, otherwise]) =>
          stringsIn(holds(condition, variables) ? then : otherwise, variables),
        )
      : stringsIn(part, variables),
  );
}

/** A file and what it includes of ours. @returns {Set<string>} */
function withIncludes(path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, included] of readFileSync(inRoot(path), 'utf8').matchAll(/^\s*#\s*include\s+"([^"]+)"/gm))
    withIncludes(posix.join(posix.dirname(path), included), seen);
  return seen;
}

/**
 * What a build with native/binding.gyp on Windows reads.
 * @returns {string[]} paths from the root, sorted
 */
export function sourcesOfAddon() {
  const gyp = readGyp(readFileSync(inRoot('native', 'binding.gyp'), 'utf8'));
  const named = stringsIn(gyp, { OS: 'win', mingw: 0 }).filter((each) => /^[\w./-]+\.\w+$/.test(each));
  const found = new Set();
  for (const path of named) for (const each of withIncludes(posix.join('native', path))) found.add(each);
  return [...found].sort();
}

/** What the library's sources give: themselves, and four compiled files each. */
function filesOfLibrary() {
  const sources = filesBelow(inRoot('lib'), (path) => path.endsWith('.ts')).map((path) =>
    relative(inRoot(), path).replaceAll('\\', '/'),
  );
  return sources.flatMap((path) => [
    path,
    ...['.js', '.js.map', '.d.ts'].map((end) => `dist/${path.replace(/\.ts$/, end)}`),
  ]);
}

/** Every file that package.json points at: exports, types and programs. */
export function targets(value) {
  if (typeof value === 'string') return value.startsWith('./') ? [value.slice(2)] : [];
  return Object.values(value ?? {}).flatMap(targets);
}

const beside = (these, those) => these.filter((path) => !those.has(path));

/**
 * @param {string[]} paths of the package
 * @returns {Record<string, string[]>} each check and what is wrong
 */
export function checkContents(paths) {
  const addon = sourcesOfAddon();
  const expected = new Set([...KEPT, ...addon, ...filesOfLibrary()]);
  return {
    'nothing is in it that is not on the list': beside(paths, expected),
    'everything on the list is in it': beside([...expected], new Set(paths)),
    'no driver, no test build, no other binary': paths.filter((path) => NEVER.test(path)),
    'binding.gyp names sources': addon.length < 10 ? addon : [],
    'npm finds no binding.gyp to build of its own accord': paths.filter((path) => path === 'binding.gyp'),
  };
}

/**
 * @param {string} folder of the unpacked package
 * @param {string[]} paths
 * @returns {string[]} source maps that lead to nothing in it
 */
export function strayMaps(folder, paths) {
  return paths
    .filter((path) => path.endsWith('.map'))
    .filter((path) => {
      const { sources } = JSON.parse(readFileSync(join(folder, path), 'utf8'));
      return !sources.every((source) => existsSync(join(folder, dirname(path), source)));
    });
}
