// The packed package, looked at from outside: its contents, what publint and are-the-types-wrong say, and whether it stands alone.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { checkContents, strayMaps, targets } from './package-contents.mjs';
import { manifest, obstaclesToPacking, PREBUILT, packTarball, unpack } from './package-tarball.mjs';
import { inBuild, inRoot } from './paths.mjs';
import { run, which } from './run.mjs';

// Almost half of it are the sources and maps that a debugger shows; a stack trace from a customer's agent is worth them.
const MOST_BYTES = 1_600_000;
const text = (path) => readFileSync(inRoot(path), 'utf8');
const lines = (problems) => (problems.length > 0 ? problems.join('\n') : undefined);
const said = (result) => (result.exitCode === 0 ? undefined : result.stdout + result.stderr);
/** Programs that look at packages, installed apart from the root (test/package/package.json says why). */
const looker = (...path) => inRoot('test', 'package', 'node_modules', ...path);

/** publint: suggestions count, too. */
async function publint(tarball) {
  const result = await run(process.execPath, [looker('publint', 'src', 'cli.js'), '--strict', tarball]);
  return result.exitCode === 0 && result.stdout.includes('All good!') ? undefined : result.stdout + result.stderr;
}

/**
 * Are the types wrong? Asked as an ES module only: node10's resolution knows no `exports`, which this package has never been without, and
 * CommonJS gets the ES modules by `require` of every Node.js in `engines` (checked below), of which TypeScript's node16 mode knows nothing.
 */
async function typesWrong(tarball) {
  const program = looker('@arethetypeswrong', 'cli', 'dist', 'index.js');
  const args = [program, tarball, '--profile', 'esm-only', '--format', 'table-flipped', '--no-color', '--no-emoji'];
  const result = await run(process.execPath, args, { cwd: inRoot('test', 'package') });
  const complete = ['trustlet', 'trustlet/emulator', 'trustlet/testing', 'trustlet/pe'].every((entry) =>
    result.stdout.includes(`"${entry}"`),
  );
  return result.exitCode === 0 && complete ? undefined : result.stdout + result.stderr;
}

/** Whether each source that native/binding.gyp names compiles for Windows out of the package alone. */
async function addonSources(folder, paths) {
  const compiler = which('x86_64-w64-mingw32-g++-posix') ?? 'x86_64-w64-mingw32-g++';
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  const sources = paths.filter((path) => path.endsWith('.cc'));
  const flags = ['-std=c++17', '-fsyntax-only', '-Wall', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'];
  return said(await run(compiler, [...flags, '-isystem', headers, ...sources], { cwd: folder }));
}

/** One number in three places: what the addon has, what the loader wants, what the workflow for Windows looks for. */
function bindingAbi() {
  const places = {
    'lib/native/binding.ts': /^export const BINDING_ABI = (\d+);$/m,
    'native/addon.cc': /^constexpr std::uint32_t BINDING_ABI = (\d+);/m,
    '.github/workflows/prebuild.yml': /\bb\.abi !== (\d+) /,
  };
  const found = Object.entries(places).map(([path, pattern]) => [path, pattern.exec(text(path))?.[1] ?? 'none']);
  const same = new Set(found.map(([, number]) => number)).size === 1 && found[0][1] !== 'none';
  return same ? undefined : found.map(([path, number]) => `${path}: ${number}`).join('\n');
}

/** A folder as it must not be published, made worse step by step; each step must be objected to. */
function guardAgainstPacking() {
  mkdirSync(inBuild(), { recursive: true });
  const folder = mkdtempSync(inBuild('package-guard-'));
  const put = (path, content) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const wrong = [];
  const expect = (pattern) => {
    const [first = 'nothing'] = obstaclesToPacking(folder);
    if (!pattern.test(first)) wrong.push(`said ${first}, and not ${pattern}`);
  };
  try {
    expect(/trustlet\.node is missing: build it with `npm run build:addon`/);
    put(PREBUILT, '\x7fELF');
    expect(/is no file for Windows/);
    put(PREBUILT, 'MZ');
    expect(/^nothing$/);
    put('native/addon.cc', '');
    put('native/host/device_host.cc', '');
    utimesSync(join(folder, PREBUILT), 0, 0);
    expect(/is older than native\/addon\.cc: build it/);
    rmSync(join(folder, 'native'), { recursive: true });
    put('prebuilds/linux-x64/trustlet.node', '');
    expect(/prebuilds\/linux-x64\/trustlet\.node is no addon that this package ships/);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return lines(wrong);
}

/** `npm pack` in a copy without the addon: its own script must stop it. */
async function packWithoutAddon() {
  const folder = inBuild('package', 'unbuilt');
  mkdirSync(folder, { recursive: true });
  for (const part of ['package.json', 'scripts/prepack.mjs', 'scripts/lib'])
    cpSync(inRoot(part), join(folder, part), { recursive: true });
  const packed = await run('npm', ['pack', '--loglevel=error'], { cwd: folder, timeout: 60 });
  const stopped = packed.exitCode !== 0 && packed.stderr.includes(`not to be packed: ${PREBUILT} is missing`);
  return stopped ? undefined : `exit code ${packed.exitCode}\n${packed.stdout}${packed.stderr}`;
}

/** The package with its hard dependencies and nothing else: koffi is optional and off Windows never loaded. */
async function standsAlone(tarball) {
  const { name, version, exports, bin, dependencies } = manifest();
  const app = inBuild('package', 'app');
  const home = join(app, 'node_modules', name);
  await unpack(tarball, home);
  for (const each of Object.keys(dependencies))
    cpSync(inRoot('node_modules', each), join(app, 'node_modules', each), { recursive: true });
  const entries = Object.keys(exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => name + entry.slice(1));
  const inApp = (...args) => run(process.execPath, args, { cwd: app, timeout: 60 });
  const importAll = entries.map((entry) => `await import('${entry}');`).join(' ');
  const requireAll = entries.map((entry) => `require('${entry}');`).join(' ');
  const program = await inApp(join('node_modules', name, targets(bin)[0]), '--version');
  return {
    'every entry imports without koffi': said(await inApp('--input-type=module', '-e', importAll)),
    'every entry can be required': said(await inApp('--no-warnings', '-e', requireAll)),
    'the program tells its version': program.stdout.trim() === version ? undefined : program.stdout + program.stderr,
  };
}

/** Each entry is one check: undefined, or what is wrong. */
async function checks(tarball) {
  const { exports, bin } = manifest();
  const paths = tarball.files.map((file) => file.path);
  const folder = inBuild('package', 'unpacked');
  await unpack(tarball.path, folder);
  const lost = ['README.md', 'LICENSE', ...targets(exports), ...targets(bin)].filter((path) => !paths.includes(path));
  const contents = Object.entries(checkContents(paths)).map(([name, problems]) => [name, lines(problems)]);
  return {
    ...Object.fromEntries(contents),
    'every file package.json points at': lines(lost),
    'source maps lead to files of the package': lines(strayMaps(folder, paths)),
    [`under ${MOST_BYTES / 1e6} MB packed`]: tarball.size > MOST_BYTES ? `${tarball.size} bytes` : undefined,
    'publint has nothing to say': await publint(tarball.path),
    'the types are not wrong': await typesWrong(tarball.path),
    'the sources of the addon compile out of the package': await addonSources(folder, paths),
    'addon, loader and workflow have one binding ABI': bindingAbi(),
    'packing is refused without a new addon for Windows, and with one for elsewhere': guardAgainstPacking(),
    'npm pack without the addon fails and says how to build it': await packWithoutAddon(),
    ...(await standsAlone(tarball.path)),
    'lock files name no registry': lines(
      ['', 'scripts/wine/', 'test/runners/', 'test/package/', 'bench/peers/']
        .map((path) => `${path}package-lock.json`)
        .filter((path) => existsSync(inRoot(path)) && text(path).includes('"resolved"')),
    ),
  };
}

const count = (number) => number.toLocaleString('en-US');

/** Runs the checks; each counts as one test. */
export async function checkPackage() {
  const tarball = await packTarball(inBuild('package'));
  const results = Object.entries(await checks(tarball));
  const failed = results.filter(([, problem]) => problem !== undefined);
  const { files, size, unpackedSize } = tarball;
  const measured = `${count(files.length)} files in the package: ${count(size)} bytes packed, ${count(unpackedSize)} bytes unpacked`;
  return {
    passed: results.length - failed.length,
    failed: failed.length,
    skipped: 0,
    note: measured,
    measured: [measured],
    log: failed.map(([name, problem]) => `not so: ${name}\n${problem}`).join('\n'),
  };
}
