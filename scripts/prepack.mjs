// node scripts/prepack.mjs: what `npm pack` and `npm publish` run first. It refuses where the package would lack its prebuilt addon, or
// have an old one, and builds none itself: which compiler made the one that ships is for whoever publishes to say. It compiles, and what is
// compiled and has no source any more goes. There is no `prepare` script: npm would name it to everyone who installs the package.

import { build, pruneStale } from './lib/dist.mjs';
import { obstaclesToPacking } from './lib/package-tarball.mjs';

const obstacles = obstaclesToPacking();
for (const each of obstacles) console.error(`This package is not to be packed: ${each}.`);
if (obstacles.length > 0) process.exitCode = 1;
else {
  for (const path of pruneStale()) console.error(`removed ${path}: its source is gone`);
  const { exitCode, stdout, stderr } = await build();
  if (exitCode !== 0) console.error(`The build failed:\n${stdout}${stderr}`);
  process.exitCode = exitCode;
}
