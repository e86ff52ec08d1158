// node scripts/prepack.mjs: what `npm pack` and `npm publish` run first. It refuses where the package would lack its prebuilt addon, or
// have an old one, and builds none itself: which compiler made the one that ships is for whoever publishes to say. npm compiles
// afterwards (`prepare`); what is compiled and has no source any more goes now.

import { pruneStale } from './lib/dist.mjs';
import { obstaclesToPacking } from './lib/package-tarball.mjs';

const obstacles = obstaclesToPacking();
for (const each of obstacles) console.error(`This package is not to be packed: ${each}.`);
if (obstacles.length > 0) process.exitCode = 1;
else for (const path of pruneStale()) console.error(`removed ${path}: its source is gone`);
