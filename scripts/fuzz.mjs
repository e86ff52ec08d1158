// npm run fuzz [-- --long] [--seconds N] [--seed N] [--keep] [PART...]: replays the kept corpora of test/fuzz, holds the branches
// of driver/core that they reach, then lets each fuzzer look for more. --long goes on to 10 million executions in all and
// 100,000 accepted requests of each message; --keep merges what was found into the kept corpora. An input that breaks
// something stays under build/fuzz/found. Ends with `N passed, N failed`.

import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostCoverage } from './build-host.mjs';
import { buildFuzzer, complaint, corpusFiles, corpusOf, FUZZERS, runFuzzer } from './lib/fuzzers.mjs';
import { inBuild, root } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

const SHORT_SECONDS = 20;
const LONG_EXECUTIONS = 10_000_000;
const LEAST_ACCEPTED = 100_000;
const MESSAGES = ['hello', 'query', 'census', 'examine', 'guard', 'stats'];
/** Percent of driver/core's branches that the kept corpora reach by themselves. */
const LEAST_BRANCHES = 95;
const SEED = 20_240_607;

let passed = 0;
let failed = 0;
function report(good, line) {
  if (good) passed++;
  else failed++;
  console.log(`${good ? 'ok' : 'not ok'} - ${line}`);
}

const thousands = (number) => number.toLocaleString('en-US');

/** How a finding is told: what broke, where the input is, what shows it again. */
function tell(fuzzer, program, result) {
  console.log(complaint(result.output) || result.output.split('\n').slice(-20).join('\n'));
  if (result.artifact === undefined) return;
  console.log(`input: ${relative(root, result.artifact)}`);
  console.log(`again: ${relative(root, program)} ${relative(root, result.artifact)}`);
  console.log(
    `      (built by: node scripts/fuzz.mjs ${fuzzer.name}; with a debugger: scripts/build-host.mjs, test/fuzz/replay.c)`,
  );
}

/** Every kept input once, under the sanitizers. */
async function replay(fuzzer, program) {
  const files = corpusFiles(fuzzer.name);
  const result = await runFuzzer({
    program,
    fuzzer,
    corpus: [corpusOf(fuzzer.name)],
    seed: SEED,
    executions: 0,
    timeout: 300,
  });
  const good = result.exitCode === 0 && files.length > 0;
  report(good, `${fuzzer.name}: ${files.length} kept inputs replayed in ${result.seconds.toFixed(1)} s`);
  if (!good) tell(fuzzer, program, result);
}

/** What of driver/core the kept corpora reach; a branch that one of them takes is taken. */
async function holdCoverage(fuzzers) {
  const missed = new Map();
  const counts = new Map();
  for (const fuzzer of fuzzers) {
    const program = await buildFuzzer(fuzzer, { variant: 'coverage' });
    const coverage = await hostCoverage({ program, runs: [corpusFiles(fuzzer.name)] });
    for (const { file, branches, missed: places } of coverage.files) {
      const before = missed.get(file);
      missed.set(file, before === undefined ? places : before.filter((place) => places.includes(place)));
      counts.set(file, branches.count);
    }
  }
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const left = [...missed].flatMap(([file, places]) => places.map((place) => `${file}:${place}`));
  const percent = (100 * (all - left.length)) / all;
  for (const place of left) console.log(`# the kept corpora do not reach ${place}`);
  report(
    percent >= LEAST_BRANCHES,
    `kept corpora reach ${all - left.length} of ${all} branches of driver/core (${percent.toFixed(1)} %)`,
  );
}

/** One search; new inputs go to a folder of their own. */
async function search(fuzzer, program, { long, seconds, seed }) {
  const found = inBuild('fuzz', 'new', fuzzer.name);
  mkdirSync(found, { recursive: true });
  const amount = long ? { executions: Math.ceil(LONG_EXECUTIONS * fuzzer.share) } : { seconds };
  const timeout = long ? 4 * 3600 : seconds + 120;
  const result = await runFuzzer({ program, fuzzer, corpus: [found, corpusOf(fuzzer.name)], seed, ...amount, timeout });
  const accepted = MESSAGES.map((message) => `${message} ${thousands(result.counts[`accepted.${message}`] ?? 0)}`);
  const executions = result.counts.executions ?? 0;
  report(
    result.exitCode === 0,
    `${fuzzer.name}: ${thousands(executions)} executions in ${result.seconds.toFixed(0)} s, seed ${seed}; accepted: ${accepted.join(', ')}`,
  );
  if (result.exitCode !== 0) tell(fuzzer, program, result);
  return { fuzzer, counts: result.counts };
}

/** The smallest set of inputs that reaches as much as the kept and the new ones together. */
async function keep(fuzzer, program) {
  const merged = inBuild('fuzz', 'merged', fuzzer.name);
  rmSync(merged, { recursive: true, force: true });
  mkdirSync(merged, { recursive: true });
  const args = [
    '-set_cover_merge=1',
    `-max_len=${fuzzer.longest}`,
    '-verbosity=0',
    merged,
    corpusOf(fuzzer.name),
    inBuild('fuzz', 'new', fuzzer.name),
  ];
  const result = await run(program, args, { timeout: 1800 });
  if (result.exitCode !== 0) throw new Error(`merging ${fuzzer.name}:\n${result.stderr}`);
  const before = corpusFiles(fuzzer.name).length;
  rmSync(corpusOf(fuzzer.name), { recursive: true, force: true });
  try {
    renameSync(merged, corpusOf(fuzzer.name));
  } catch {
    cpSync(merged, corpusOf(fuzzer.name), { recursive: true });
  }
  console.log(`# ${fuzzer.name}: kept ${corpusFiles(fuzzer.name).length} inputs, before ${before}`);
}

async function main(args) {
  const optionOf = (flag) => (args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : undefined);
  const long = args.includes('--long');
  const seconds = optionOf('--seconds') ?? SHORT_SECONDS;
  const seed = optionOf('--seed') ?? SEED;
  const parts = args.filter((argument, index) => !argument.startsWith('--') && !/^--se/.test(args[index - 1] ?? ''));
  const chosen = FUZZERS.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
  const programs = new Map();
  for (const fuzzer of chosen) {
    mkdirSync(corpusOf(fuzzer.name), { recursive: true });
    programs.set(fuzzer, await buildFuzzer(fuzzer));
  }
  for (const [fuzzer, program] of programs) await replay(fuzzer, program);
  if (chosen.length === FUZZERS.length) await holdCoverage(chosen);
  // Two at a time: a fuzzer uses one processor.
  const left = [...programs].reverse();
  const results = [];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      results.push(await search(...next, { long, seconds, seed }));
  };
  if (seconds > 0) await Promise.all([worker(), worker()]);
  const sum = (name, of = results) => of.reduce((total, { counts }) => total + (counts[name] ?? 0), 0);
  console.log(`# ${thousands(sum('executions'))} executions in all`);
  if (long && chosen.length === FUZZERS.length) {
    // Validated alone is not accepted by the driver.
    const throughDriver = results.filter(({ fuzzer }) => fuzzer.core === undefined);
    report(sum('executions') >= LONG_EXECUTIONS, `${thousands(LONG_EXECUTIONS)} executions without a finding`);
    for (const message of MESSAGES) {
      const count = sum(`accepted.${message}`, throughDriver);
      console.log(`# ${thousands(count)} accepted ${message} requests through the driver`);
      report(count >= LEAST_ACCEPTED, `${thousands(count)} accepted ${message} requests through the driver`);
    }
  }
  if (args.includes('--keep')) for (const [fuzzer, program] of programs) await keep(fuzzer, program);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
