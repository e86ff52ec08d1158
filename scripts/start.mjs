// npm start [-- <demo arguments>]: compiles when the library is missing or stale, then tells the demo.

import { spawnSync } from 'node:child_process';
import { build, libraryIsStale } from './lib/dist.mjs';
import { inRoot } from './lib/paths.mjs';

if (libraryIsStale()) {
  const built = await build(['lib']).catch((error) => ({ exitCode: 1, stdout: '', stderr: `${error.message}\n` }));
  if (built.exitCode !== 0) {
    process.stderr.write(`the build failed:\n${built.stdout}${built.stderr}`);
    process.exit(1);
  }
}
const program = [inRoot('dist', 'lib', 'cli', 'main.js'), 'demo', ...process.argv.slice(2)];
const result = spawnSync(process.execPath, program, { stdio: 'inherit' });
process.exitCode = result.status ?? 1;
