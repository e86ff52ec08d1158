/**
 * Fuzzes the PE reader in two processes of a small heap: `main.js [files]`. Each file is built, signed or not, and damaged, by a seed;
 * what holds of any file is in test/support/pe/report-rules.ts. The last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const files = Number(process.argv[2] ?? 10_000);
const PROCESSES = 2;
/** MiB of heap: the bound on what reading a file may allocate, and the run ends where it does not suffice. */
const HEAP = 192;
const worker = fileURLToPath(new URL('./worker.js', import.meta.url));

interface Result {
  readonly code: number | null;
  readonly output: string;
}

const runWorker = (seed: number, count: number): Promise<Result> =>
  new Promise((resolve, reject) => {
    const args = [`--max-old-space-size=${HEAP}`, '--expose-gc', '--enable-source-maps', worker, `${seed}`, `${count}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject).on('close', (code) => resolve({ code, output }));
  });

/** What a run must have met; one that meets none of it would prove nothing. */
const EXPECTED: readonly string[] = [
  ...['trustlet', 'enclave', 'undetermined', 'neither', 'not-a-pe'].map((kind) => `kind ${kind}`),
  'nt-headers truncated',
  'sections overlap',
  'exports out-of-range',
  'load-config malformed',
  'policy malformed',
  'enclave out-of-range',
  'certificates truncated',
  'signature malformed',
];

const started = performance.now();
// Seeds that differ in every run of the long kind, and are the same in every short one, so that a commit is judged by itself.
const base = files > 100_000 ? Math.floor(Date.now() / 1000) : 20_260_101;
const results = await Promise.all(
  Array.from({ length: PROCESSES }, (_, index) => runWorker(base + index * 500_000_000, Math.ceil(files / PROCESSES))),
);
const seconds = (performance.now() - started) / 1000;
const tally: Record<string, number> = {};
let inspected = 0;
let bytes = 0;
let failed = 0;
for (const { code, output } of results) {
  const line = output.trim().split('\n').at(-1) ?? '';
  if (code !== 0 || !line.startsWith('{')) {
    failed += 1;
    console.log(output);
    continue;
  }
  const result = JSON.parse(line) as { files: number; bytes: number; tally: Record<string, number> };
  inspected += result.files;
  bytes += result.bytes;
  for (const [key, value] of Object.entries(result.tally)) tally[key] = (tally[key] ?? 0) + value;
}
const counted = (value: number): string => Math.round(value).toLocaleString('en-US');
for (const [key, value] of Object.entries(tally).sort(([a], [b]) => a.localeCompare(b)))
  console.log(`${key}: ${value}`);
for (const key of EXPECTED) {
  if (failed > 0 || (tally[key] ?? 0) > 0) continue;
  failed += 1;
  console.log(`FAILED: no file came to '${key}'`);
}
console.log(
  `# ${counted(inspected)} PE files inspected, ${counted(bytes / 2 ** 20)} MiB, ${counted(inspected / seconds)} files a second ` +
    `in ${PROCESSES} processes of ${HEAP} MiB heap; seeds from ${base}`,
);
console.log(`${failed === 0 ? 1 : 0} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
