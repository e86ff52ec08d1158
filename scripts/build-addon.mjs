// node scripts/build-addon.mjs [--host] [--win32] [--gyp] [--variant plain|asan]: builds the addon.
//   --host    build/addon/<variant>/trustlet_host.node: the driver's own C over the simulated kernel, for tests (default)
//   --win32   prebuilds/win32-x64/trustlet.node, with mingw through prebuildify
//   --gyp     build/addon/gyp/build/Release/trustlet.node: with mingw through native/binding.gyp, as a user's rebuild; not shipped

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildHostAddon, buildWin32Addon, buildWithGyp } from './lib/addon-build.mjs';

export { buildHostAddon, buildWin32Addon, buildWithGyp };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      host: { type: 'boolean', default: false },
      win32: { type: 'boolean', default: false },
      gyp: { type: 'boolean', default: false },
      variant: { type: 'string' },
    },
  });
  const host = values.host || values.variant !== undefined || !(values.win32 || values.gyp);
  if (host) console.log(await buildHostAddon({ variant: values.variant ?? 'plain' }));
  if (values.gyp) console.log(await buildWithGyp());
  if (values.win32) console.log((await buildWin32Addon()).path);
}
