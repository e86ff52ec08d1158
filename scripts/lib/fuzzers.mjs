// The fuzzers of test/fuzz: what each is made of, where its kept corpus is, and how it is built and run.

import { mkdirSync } from 'node:fs';
import { buildHost } from '../build-host.mjs';
import { filesBelow, inBuild, inRoot } from './paths.mjs';
import { run } from './run.mjs';

/** The driver's own sources; a mutant's copy takes their place. */
export const DRIVER = ['driver/core', 'driver/wdm'];
const REQUESTS = ['rules', 'grammar', 'mutate_request', 'counts'];
const WORLD = [...REQUESTS, 'world', 'truth', 'events', 'lies', 'device', 'replies', 'record'];
const files = (names) => names.map((name) => `test/fuzz/${name}.c`);
const VALIDATION = ['validate', 'target', 'decide', 'verdict'];

/** A kernel that lies is put between the driver and the simulated one. */
const LIES = ['Process', 'Thread'].map((what) => `-Wl,--wrap=ZwQueryInformation${what}`);
const WRAPPED = [...LIES, '-Wl,--wrap=ZwQuerySystemInformation'];

/**
 * @typedef {object} Fuzzer
 * @property {string} name
 * @property {string[]} own sources of test/fuzz
 * @property {string[]} [core] only these files of driver/core; default: the whole driver
 * @property {string[]} [linkFlags]
 * @property {number} longest bytes of an input
 * @property {number} share of the executions of a long run
 */

/** @type {Fuzzer[]} */
export const FUZZERS = [
  { name: 'validate_fuzz', own: files(['validate_fuzz', ...REQUESTS]), core: VALIDATION, longest: 1280, share: 0.7 },
  { name: 'ioctl_fuzz', own: files(['ioctl_fuzz', ...WORLD]), linkFlags: WRAPPED, longest: 1296, share: 0.2 },
  {
    name: 'sequence_fuzz',
    own: files(['sequence_fuzz', 'steps', ...WORLD]),
    linkFlags: WRAPPED,
    longest: 4096,
    share: 0.1,
  },
];

/** The sources of the C side of the comparison of validators. */
export const VALIDATOR_DUMP = [
  ...files(['validate_dump', 'rules', 'grammar', 'mutate_request']),
  ...coreFiles('driver/core', VALIDATION),
];

function coreFiles(folder, names) {
  return names.map((name) => `${folder}/${name}.c`);
}

/** @param {string} name of a fuzzer */
export const corpusOf = (name) => inRoot('test', 'fuzz', 'corpus', name);

/** Files of a kept corpus. @param {string} name */
export const corpusFiles = (name) => filesBelow(corpusOf(name));

/**
 * Builds a fuzzer, or, with variant `coverage`, a program that replays files.
 * @param {Fuzzer} fuzzer
 * @param {object} [options]
 * @param {'fuzz' | 'coverage' | 'asan-clang'} [options.variant]
 * @param {string} [options.driver] folder with `core` and `wdm`; default: the real ones
 * @param {string} [options.suffix] of the program's name
 */
export function buildFuzzer(fuzzer, { variant = 'fuzz', driver = 'driver', suffix = '' } = {}) {
  const sources = fuzzer.core
    ? coreFiles(`${driver}/core`, fuzzer.core)
    : DRIVER.map((folder) => folder.replace('driver', driver));
  const replay = variant === 'fuzz' ? [] : files(['replay']);
  return buildHost({
    name: `${fuzzer.name}${suffix}`,
    variant,
    sources: [...sources, ...fuzzer.own, ...replay],
    linkFlags: fuzzer.linkFlags ?? [],
  });
}

/**
 * @typedef {object} FuzzResult
 * @property {number} exitCode
 * @property {Record<string, number>} counts what the fuzzer counted, `executions` among them
 * @property {string | undefined} artifact the input that broke something
 * @property {string} output
 * @property {number} seconds
 */

/**
 * Runs a fuzzer.
 * @param {object} options
 * @param {string} options.program
 * @param {Fuzzer} options.fuzzer
 * @param {string[]} options.corpus folders; the first one receives what is new
 * @param {number} options.seed
 * @param {number} [options.seconds]
 * @param {number} [options.executions]
 * @param {string[]} [options.flags] further flags of libFuzzer
 * @param {number} options.timeout seconds
 * @returns {Promise<FuzzResult>}
 */
export async function runFuzzer({ program, fuzzer, corpus, seed, seconds, executions, flags = [], timeout }) {
  const artifacts = inBuild('fuzz', 'found');
  mkdirSync(artifacts, { recursive: true });
  const limits = [
    ...(seconds === undefined ? [] : [`-max_total_time=${seconds}`]),
    ...(executions === undefined ? [] : [`-runs=${executions}`]),
  ];
  const args = [
    `-seed=${seed}`,
    `-max_len=${fuzzer.longest}`,
    '-mutate_depth=1',
    '-timeout=20',
    '-rss_limit_mb=3072',
    '-verbosity=0',
    `-artifact_prefix=${artifacts}/${fuzzer.name}-`,
    ...limits,
    ...flags,
    ...corpus,
  ];
  const result = await run(program, args, { timeout });
  const output = result.stdout + result.stderr;
  const counted = /^fuzz-counts: (.*)$/m.exec(output)?.[1] ?? '';
  const counts = Object.fromEntries(
    counted
      .split(' ')
      .filter((pair) => pair !== '')
      .map((pair) => pair.split('='))
      .map(([name, value]) => [name, Number(value)]),
  );
  const artifact = /Test unit written to (\S+)/.exec(output)?.[1];
  return { exitCode: result.exitCode, counts, artifact, output, seconds: result.seconds };
}

/** What a broken fuzzer said first, in a few lines. @param {string} output */
export const complaint = (output) =>
  output
    .split('\n')
    .filter((line) => /broken:|^# |ERROR: |runtime error:|SUMMARY:/.test(line))
    .slice(0, 6)
    .join('\n');
