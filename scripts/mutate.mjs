// node scripts/mutate.mjs [--only PART] [--sample N] [--again] [--list] [--check]: mechanical mutation of driver/core. One small wrong turn at a
// time (scripts/lib/c-mutants.mjs) is compiled into the C tests of core; the tests must fail. Without sanitizers first; what
// survives runs again under them, and then against the fuzzers' kept corpora. Survivors go to build/mutate/survivors.txt, and a
// whole run's are kept as test/mutants/survivors.txt; those reviewed and found to change nothing are listed in
// test/mutants/equivalent.txt with the reason. `--again` tries the kept survivors only; `--check` none.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulationSources } from './build-host.mjs';
import { constantsIn, mutantsOf } from './lib/c-mutants.mjs';
import { CORE_TESTS, VECTORS_TEST } from './lib/driver-tests.mjs';
import { corpusFiles, FUZZERS } from './lib/fuzzers.mjs';
import { filesBelow, inBuild, inRoot } from './lib/paths.mjs';
import { cleanEnvironment, run } from './lib/run.mjs';

const CORE = inRoot('driver', 'core');
const FOLDER = inBuild('mutate');
const EQUIVALENT = inRoot('test', 'mutants', 'equivalent.txt');
const SURVIVORS = inRoot('test', 'mutants', 'survivors.txt');
/** Generated, or only declarations: held by tests of their own. */
const LEFT_OUT = /^(?:nt|mingw_compat|decision_table|decision_names)\.h$/;
const NEEDED_PERCENT = 90;
const LIMIT_SECONDS = 20;

const INCLUDES = ['ntsim/ddk', 'ntsim/kernel', 'include', 'core', 'wdm', 'guard'].flatMap((name) => [
  '-I',
  inRoot('driver', name),
]);
/** Locals that nobody set hold a pattern, so that a dropped initialisation shows. */
const COMMON = [
  '-std=c11',
  '-g1',
  '-w',
  '-pthread',
  '-fshort-wchar',
  '-D_POSIX_C_SOURCE=200809L',
  '-fno-omit-frame-pointer',
];
const PLAIN = [...COMMON, '-O0', '-ftrivial-auto-var-init=pattern'];
const SANITIZED = [
  ...COMMON,
  '-O1',
  '-fno-optimize-sibling-calls',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-ftrivial-auto-var-init=pattern',
];

/** The C tests of core, and the simulated kernel below them. */
const testSources = () => [
  ...simulationSources(),
  ...CORE_TESTS.sources
    .filter((source) => source !== 'driver/core')
    .flatMap((source) => filesBelow(inRoot(source), isSource)),
];
const isSource = (path) => path.endsWith('.c');

async function compile(flags, source, object, includes = []) {
  return run(
    'clang',
    [...flags, ...includes, ...INCLUDES, '-I', inRoot('driver', 'ntsim', 'test'), '-c', '-o', object, source],
    { timeout: 120 },
  );
}

const link = ({ flags, linkFlags }, objects, output) =>
  run('clang', [...flags, ...linkFlags, '-o', output, ...objects, '-ldl'], { timeout: 120 });

/**
 * Compiles everything that no mutant changes, and core itself, and makes sure that the program passes.
 * @param {object} kind
 * @param {string} kind.name
 * @param {string[]} kind.flags
 * @param {string[]} kind.fixed sources beside driver/core
 * @param {string[]} [kind.core] files of driver/core, without `.c`; default: all
 * @param {string[]} kind.linkFlags
 * @param {string[]} kind.args
 */
async function baseline(kind) {
  const folder = join(FOLDER, kind.name);
  mkdirSync(folder, { recursive: true });
  const isMeant = (path) => isSource(path) && (kind.core?.includes(basename(path, '.c')) ?? true);
  const cores = filesBelow(CORE, isMeant);
  const object = (path) => join(folder, `${relative(inRoot(), path).replaceAll('/', '+')}.o`);
  for (const source of [...kind.fixed, ...cores]) {
    const result = await compile(kind.flags, source, object(source));
    if (result.exitCode !== 0) throw new Error(result.stderr);
  }
  const program = join(folder, 'tests');
  const base = { ...kind, cores, object, objects: kind.fixed.map(object) };
  const linked = await link(base, [...base.objects, ...cores.map(object)], program);
  if (linked.exitCode !== 0) throw new Error(linked.stderr);
  const result = await test(program, kind.args);
  if (result.killed) throw new Error(`${kind.name}: fails without any mutant:\n${result.output}`);
  return base;
}

async function test(program, args) {
  const result = await run(program, args, { timeout: LIMIT_SECONDS, env: cleanEnvironment() });
  const output = result.stdout + result.stderr;
  const how = result.timedOut ? 'did not end' : /^(?:not ok \d+ - .*|.*broken:.*|SUMMARY: .*|# .*)$/m.exec(output)?.[0];
  return { killed: result.exitCode !== 0, how, output };
}

/** @returns `stillborn` when it does not compile, else whether the tests failed, and how */
async function tryMutant(mutant, base, worker) {
  const folder = join(FOLDER, `worker-${worker}`, base.name);
  const copy = join(folder, 'core');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  const original = join(CORE, mutant.file);
  const header = mutant.file.endsWith('.h');
  // A header is found beside the source that includes it: then every source moves.
  if (header) cpSync(CORE, copy, { recursive: true });
  writeFileSync(join(copy, mutant.file), mutant.apply(readFileSync(original, 'utf8')));
  const changed = base.cores.filter((path) => header || path === original);
  if (changed.length === 0) return { killed: false };
  const objects = [];
  for (const path of changed) {
    const object = join(folder, `${basename(path)}.o`);
    const result = await compile(base.flags, join(copy, basename(path)), object, ['-I', copy]);
    if (result.exitCode !== 0) return { stillborn: true };
    objects.push(object);
  }
  const program = join(folder, 'tests');
  const kept = base.cores.filter((path) => !changed.includes(path)).map(base.object);
  const linked = await link(base, [...base.objects, ...kept, ...objects], program);
  return linked.exitCode === 0 ? test(program, base.args) : { stillborn: true };
}

/** The vectors come from the TypeScript side's oracles. @returns {Promise<string[]>} the files' paths */
async function writeVectors() {
  const result = await run(process.execPath, [inRoot('dist', 'test', 'support', 'write-vectors.js'), FOLDER]);
  if (result.exitCode !== 0) throw new Error(`the vectors cannot be written:\n${result.stdout}${result.stderr}`);
  return ['decisions.txt', 'judgements.txt'].map((name) => join(FOLDER, name));
}

/** The rounds a mutant has to survive, the fastest first. */
async function prepareRounds() {
  const tests = { fixed: testSources(), linkFlags: [], args: [] };
  const coreOf = ({ sources }) =>
    sources.filter((path) => path.startsWith('driver/core/')).map((path) => basename(path, '.c'));
  const vectors = {
    fixed: VECTORS_TEST.sources.filter((path) => !path.startsWith('driver/core')).map((path) => inRoot(path)),
    core: coreOf(VECTORS_TEST),
    linkFlags: [],
    args: await writeVectors(),
  };
  const kinds = [
    ['vectors', { ...vectors, name: 'vectors', flags: PLAIN }],
    ['C tests', { ...tests, name: 'plain', flags: PLAIN }],
    ['C tests under sanitizers', { ...tests, name: 'sanitized', flags: SANITIZED }],
    ...FUZZERS.map(({ name, own, core, linkFlags = [] }) => {
      const sources = [...own, 'test/fuzz/replay.c'].map((path) => inRoot(path));
      // A fuzzer of some files of core needs no kernel, and sees only mutants of those.
      const below = core ? [] : [...simulationSources(), ...filesBelow(inRoot('driver', 'wdm'), isSource)];
      const fixed = [...below, ...sources];
      return [`kept corpus of ${name}`, { name, flags: SANITIZED, fixed, core, linkFlags, args: corpusFiles(name) }];
    }),
  ];
  const rounds = [];
  for (const [name, kind] of kinds) rounds.push([name, await baseline(kind)]);
  return rounds;
}

function readEquivalent() {
  if (!existsSync(EQUIVALENT)) return new Map();
  const lines = readFileSync(EQUIVALENT, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  // The key may hold the same sign.
  const end = (line) => line.lastIndexOf(' || ');
  return new Map(lines.map((line) => [line.slice(0, end(line)), line.slice(end(line) + 4)]));
}

function allMutants() {
  const headers = (folder) =>
    filesBelow(folder, (path) => path.endsWith('.h')).map((path) => readFileSync(path, 'utf8'));
  const constants = constantsIn([
    ...headers(CORE),
    ...headers(inRoot('driver', 'include')),
    ...headers(inRoot('driver', 'ntsim', 'ddk')),
  ]);
  return filesBelow(CORE)
    .filter((path) => /\.[ch]$/.test(path) && !LEFT_OUT.test(basename(path)))
    .flatMap((path) => mutantsOf(basename(path), readFileSync(path, 'utf8'), constants));
}

async function inParallel(items, work) {
  const left = [...items];
  const worker = async (index) => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, (_, index) => worker(index)));
}

const show = ({ file, line, kind, from, to }) => `driver/core/${file}:${line}: ${kind}: ${from} => ${to || 'nothing'}`;

/** With the key that test/mutants/equivalent.txt would name it by. */
const described = (mutant) => `${show(mutant)}\n    ${mutant.key}\n`;

const HEAD = `# What survived the last whole run of scripts/mutate.mjs, by key: no test tells these from the driver. Written by that run.\n`;

const keptSurvivors = () =>
  readFileSync(SURVIVORS, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

async function main(args) {
  const optionOf = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
  const only = optionOf('--only');
  const sample = Number(optionOf('--sample') ?? 0);
  const equivalent = readEquivalent();
  const every = allMutants();
  const keys = new Set(every.map(({ key }) => key));
  const stale = [...equivalent.keys(), ...keptSurvivors()].filter((key) => !keys.has(key));
  let mutants = every.filter(({ key, file }) => !equivalent.has(key) && (only === undefined || file.includes(only)));
  if (args.includes('--again')) {
    const before = keptSurvivors();
    mutants = mutants.filter(({ key }) => before.includes(key));
  }
  // Every n-th of them: a fixed choice, spread over all files and kinds.
  if (sample > 0) mutants = mutants.filter((_, index) => index % Math.ceil(mutants.length / sample) === 0);
  if (args.includes('--list')) {
    for (const mutant of mutants) console.log(mutant.key);
    return 0;
  }
  if (args.includes('--check')) {
    for (const key of stale) console.log(`not ok - test/mutants names a mutant that is none any more: ${key}`);
    console.log(
      `# ${every.length} mutants, ${equivalent.size} reviewed as equivalent, ${keptSurvivors().length} survived the last whole run; \`--check\` runs none`,
    );
    console.log(stale.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
    return stale.length === 0 ? 0 : 1;
  }
  mkdirSync(FOLDER, { recursive: true });
  const rounds = await prepareRounds();
  const counts = { killed: 0, survived: 0, stillborn: 0 };
  const by = Object.fromEntries(rounds.map(([name]) => [name, 0]));
  const survivors = [];
  const log = [];
  let done = 0;
  const started = performance.now();
  await inParallel(mutants, async (mutant, worker) => {
    let result;
    for (const [name, base] of rounds) {
      result = await tryMutant(mutant, base, worker);
      if (result.stillborn) break;
      if (result.killed) {
        by[name]++;
        log.push(`${show(mutant)} | ${name}: ${result.how ?? 'failed'}`);
        break;
      }
    }
    counts[result.stillborn ? 'stillborn' : result.killed ? 'killed' : 'survived']++;
    if (!result.stillborn && !result.killed) {
      survivors.push(mutant);
      writeFileSync(join(FOLDER, 'survivors.txt'), survivors.map(described).join(''));
    }
    if (++done % 100 === 0) console.log(`${done} of ${mutants.length}, ${counts.survived} survived`);
  });
  survivors.sort((left, right) => left.file.localeCompare(right.file) || left.line - right.line);
  writeFileSync(join(FOLDER, 'survivors.txt'), survivors.map(described).join(''));
  writeFileSync(join(FOLDER, 'killed.txt'), `${log.sort().join('\n')}\n`);
  const judged = counts.killed + counts.survived;
  const percent = (100 * counts.killed) / judged;
  for (const mutant of survivors) console.log(`survived: ${show(mutant)}`);
  for (const key of stale) console.log(`test/mutants names a mutant that is none any more: ${key}`);
  if (args.length === 0) writeFileSync(SURVIVORS, `${HEAD}${survivors.map(({ key }) => `${key}\n`).join('')}`);
  console.log(
    `# ${every.length} mutants, ${equivalent.size} reviewed as equivalent, ${counts.stillborn} do not compile; ` +
      `${counts.killed} of ${judged} killed (${percent.toFixed(1)} %) in ${((performance.now() - started) / 1000).toFixed(0)} s: ` +
      Object.entries(by)
        .map(([name, count]) => `${count} by ${name}`)
        .join(', '),
  );
  const enough = percent >= NEEDED_PERCENT && [...equivalent.keys()].every((key) => keys.has(key));
  console.log(`${enough ? 1 : 0} passed, ${enough ? 0 : 1} failed`);
  return enough ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
