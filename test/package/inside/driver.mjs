// Runs in the fresh project, in node.exe: the driver backend of each given copy of the package, all in this one process.
//   node driver.mjs <device> <pid of a trustlet or 0> <pid of an ordinary process or 0> <package folder>…
// Its last line is JSON: what each copy saw, and which addons this process loaded.
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const loaded = [];
const { dlopen } = process;
process.dlopen = (module, path, ...rest) => {
  loaded.push(path.replace('\\\\?\\', ''));
  return dlopen.call(process, module, path, ...rest);
};

const [device, trustlet, ordinary, ...folders] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));

/** The production driver as every program opens it; another device by the package's own modules, which it does not export. */
async function openOf(folder) {
  const from = (path) => import(pathToFileURL(`${here}/${folder}/dist/lib/${path}.js`).href);
  const { open, TrustletError } = await from('index');
  if (device === '\\\\.\\Trustlet') return { vsm: open({ backend: 'driver', only: ['driver'] }), TrustletError };
  const { loadBinding } = await from('native/load-binding');
  const { createDriverBackend } = await from('backends/driver');
  const { Vsm } = await from('vsm');
  return { vsm: new Vsm(createDriverBackend({ binding: loadBinding(), path: device }), undefined), TrustletError };
}

/** What running an operation on a process came to. */
function attempt({ vsm, TrustletError }, pid) {
  try {
    return vsm.guard.run(pid, 'terminate', (held) => (held.handle > 0n ? 'reached' : 'no handle'));
  } catch (error) {
    return error instanceof TrustletError ? `${error.code} ${error.decision?.verdict}` : String(error);
  }
}

// All are open at the same time.
const copies = [];
for (const folder of folders) copies.push(await openOf(folder));
const seen = copies.map((copy) => {
  const { name, driver, fallback } = copy.vsm.backend;
  const counts = copy.vsm.census().counts();
  return {
    backend: name,
    version: driver.version,
    fallback,
    itself: copy.vsm.query(process.pid).verdict,
    crowd: counts.total > 3,
    trustlet: trustlet === '0' ? null : attempt(copy, Number(trustlet)),
    ordinary: ordinary === '0' ? null : attempt(copy, Number(ordinary)),
    own: attempt(copy, process.pid),
  };
});
copies[0].vsm.close();
// One that is closed takes nothing from the others.
const after = copies.slice(1).map(({ vsm }) => vsm.query(process.pid).verdict);
for (const { vsm } of copies) vsm.close();
console.log(JSON.stringify({ seen, after, errors: new Set(copies.map((copy) => copy.TrustletError)).size, loaded }));
