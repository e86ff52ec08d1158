/** What comes before the first question: loading the package, booting an emulated machine. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { boot, type Machine } from '../lib/emulator-entry.js';
import { open } from '../lib/open.js';
import { expect } from './expect.js';
import type { Measurement } from './results.js';
import { type Contender, type Effort, inJavaScript, measure } from './rounds.js';

const expectProcesses =
  (least: number) =>
  (machine: Machine): void => {
    const vsm = open({ backend: machine });
    expect(`at least ${least} processes`, vsm.census().length >= least, true);
    vsm.close();
  };

export const booting = (effort: Effort): Promise<Measurement[]> =>
  measure(
    'boot',
    1,
    [
      inJavaScript('default scenario', 'emulated', () => boot(), expectProcesses(10)),
      inJavaScript('scenario `large`, 10,000 processes', 'emulated', () => boot('large'), expectProcesses(10_000)),
    ],
    effort,
  );

/** A whole node process that imports something and ends. */
const program = (name: string, code: string): Contender => ({
  name,
  where: 'this machine',
  time: (calls) => {
    const start = process.hrtime.bigint();
    for (let left = calls; left > 0; left -= 1) {
      const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
      expect(`exit code of ${name}`, status, 0);
    }
    return Number(process.hrtime.bigint() - start);
  },
});

/** What `import 'trustlet'` loads before a backend is chosen. */
const MODULES = 29;
export const EMPTY: string = `node that imports ${MODULES} empty modules`;

/** As many modules with nothing in them: what node takes for finding, reading and linking. */
const withEmptyModules = async <T>(use: (entry: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'trustlet-bench-'));
  const names = Array.from({ length: MODULES - 1 }, (_, index) => `empty-${index}.mjs`);
  for (const name of names) writeFileSync(join(folder, name), '');
  const entry = join(folder, 'index.mjs');
  writeFileSync(entry, names.map((name) => `import './${name}';\n`).join(''));
  try {
    return await use(pathToFileURL(entry).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const importing = (effort: Effort): Promise<Measurement[]> => {
  const entry = new URL('../lib/index.js', import.meta.url).href;
  const loading = (module: string): string => `import ${JSON.stringify(module)};`;
  return withEmptyModules((empty) =>
    measure(
      'import',
      1,
      [program('bare node', ''), program('node that imports trustlet', loading(entry)), program(EMPTY, loading(empty))],
      // One run of each sees to it that the files are in the page cache.
      { ...effort, batchMs: 0, warmUpMs: 0 },
    ),
  );
};
