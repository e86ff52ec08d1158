/**
 * `npm run protocol` writes the files made from the schema; with `--check` it writes nothing, compares, and exits 1 when one is
 * stale. Compiled to dist/protocol/main.js.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from './generate.js';
import { protocolOf } from './schema.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const packageVersion = (): string => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
};

/** TypeScript and Markdown are kept as the formatter has them, so that generating and formatting do not take turns. */
const formatted = (path: string, text: string): string => {
  if (!/\.(ts|md)$/.test(path)) return text;
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const result = spawnSync(process.execPath, [biome, 'format', `--stdin-file-path=${path}`], {
    cwd: ROOT,
    encoding: 'utf8',
    input: text,
  });
  if (result.status !== 0) throw new Error(`biome cannot format ${path}:\n${result.stderr}`);
  return result.stdout;
};

const onDisk = (path: string): string | undefined => {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return undefined;
  }
};

const check = process.argv.includes('--check');
let stale = 0;
for (const [path, text] of generate(protocolOf(packageVersion()))) {
  const wanted = formatted(path, text);
  if (onDisk(path) === wanted) continue;
  stale += 1;
  if (check) {
    console.log(`stale: ${path}; run \`npm run protocol\``);
    continue;
  }
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), wanted);
  console.log(`wrote ${path}`);
}
if (check) console.log(`${stale === 0 ? 1 : 0} passed, ${stale === 0 ? 0 : 1} failed`);
process.exitCode = check && stale > 0 ? 1 : 0;
