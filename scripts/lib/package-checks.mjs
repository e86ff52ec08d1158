// What npm would publish: the right files, and a package that works on its own.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { inBuild, inRoot } from './paths.mjs';
import { run } from './run.mjs';

const manifest = () => JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));

const ALLOWED = [
  /^package\.json$/,
  /^(?:README|CHANGELOG|SECURITY)\.md$/,
  /^LICENSE$/,
  /^docs\//,
  /^lib\//,
  /^dist\/lib\//,
];
const FORBIDDEN = [/\.tsbuildinfo$/, /\.node$/, /\.dll$/, /\.sys$/, /\.test\./, /tsconfig/];

/** Every file that package.json points at: exports, types and programs. */
function targets(value) {
  if (typeof value === 'string') return value.startsWith('./') ? [value.slice(2)] : [];
  return Object.values(value ?? {}).flatMap(targets);
}

/** Each entry is one check: undefined, or what is wrong. */
async function checks() {
  const folder = inBuild('package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const pack = await run('npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    folder,
  ]);
  if (pack.exitCode !== 0) return { 'npm pack works': pack.stdout + pack.stderr };
  const [{ filename, files, size }] = JSON.parse(pack.stdout);
  const paths = files.map((file) => file.path);
  const { name, version, exports, bin, dependencies } = manifest();

  const strangers = paths.filter(
    (path) => !ALLOWED.some((pattern) => pattern.test(path)) || FORBIDDEN.some((pattern) => pattern.test(path)),
  );
  const lost = ['README.md', 'LICENSE', ...targets(exports), ...targets(bin)].filter((path) => !paths.includes(path));
  const untyped = paths.filter((path) => path.endsWith('.js') && !paths.includes(path.replace(/\.js$/, '.d.ts')));
  const stale = paths.filter(
    (path) => /^dist\/lib\/.*\.js$/.test(path) && !existsSync(inRoot(path.slice(5).replace(/js$/, 'ts'))),
  );

  const app = inBuild('package', 'app');
  const home = `${app}/node_modules/${name}`;
  mkdirSync(home, { recursive: true });
  const unpack = await run('tar', ['-xzf', `${folder}/${filename}`, '-C', home, '--strip-components=1']);
  // Its hard dependencies and nothing else: koffi is optional and off Windows never loaded.
  for (const each of Object.keys(dependencies))
    cpSync(inRoot('node_modules', each), `${app}/node_modules/${each}`, { recursive: true });
  const entries = Object.keys(exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => name + entry.slice(1));
  const inApp = (...args) => run(process.execPath, args, { cwd: app, timeout: 60 });
  const said = (result) => (result.exitCode === 0 ? undefined : result.stdout + result.stderr);
  const importAll = entries.map((entry) => `await import('${entry}');`).join(' ');
  const requireAll = entries.map((entry) => `require('${entry}');`).join(' ');
  const program = await inApp(`node_modules/${name}/${targets(bin)[0]}`, '--version');

  return {
    'only the files meant for users': strangers.length > 0 ? strangers.join('\n') : undefined,
    'every file package.json points at': lost.length > 0 ? lost.join('\n') : undefined,
    'a declaration for every module': untyped.length > 0 ? untyped.join('\n') : undefined,
    'no module whose source is gone': stale.length > 0 ? stale.join('\n') : undefined,
    'under 2 MB packed': size > 2_000_000 ? `${size} bytes` : undefined,
    'the tarball unpacks': said(unpack),
    'every entry imports without koffi': said(await inApp('--input-type=module', '-e', importAll)),
    'every entry can be required': said(await inApp('--no-warnings', '-e', requireAll)),
    'the program tells its version': program.stdout.trim() === version ? undefined : program.stdout + program.stderr,
    'lock files name no registry':
      ['package-lock.json', 'scripts/wine/package-lock.json']
        .filter((path) => readFileSync(inRoot(path), 'utf8').includes('"resolved"'))
        .join('\n') || undefined,
  };
}

/** Runs the checks; each counts as one test. */
export async function checkPackage() {
  const results = Object.entries(await checks());
  const failed = results.filter(([, problem]) => problem !== undefined);
  return {
    passed: results.length - failed.length,
    failed: failed.length,
    skipped: 0,
    log: failed.map(([name, problem]) => `not so: ${name}\n${problem}`).join('\n'),
  };
}
