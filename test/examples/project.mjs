// An example as its reader has it: a folder of its own, with the packed package installed by npm, without a network.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inBuild, inRoot } from '../../scripts/lib/paths.mjs';
import { cleanEnvironment, run } from '../../scripts/lib/run.mjs';

const home = (...parts) => inBuild('examples', ...parts);

/** What npm would fetch, from the repository's own node_modules; it links them, and installs the tarball for real. */
function localPackages() {
  const scoped = (scope) =>
    existsSync(inRoot('node_modules', scope))
      ? readdirSync(inRoot('node_modules', scope)).map((name) => `${scope}/${name}`)
      : [];
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  return [
    ...Object.keys({ ...dependencies, ...optionalDependencies }),
    ...scoped('@koromix'),
    ...scoped('@typescript'),
    ...['typescript', '@types/node', 'undici-types', 'node-api-headers'],
  ].map((name) => inRoot('node_modules', name));
}

/** @returns {Promise<string>} the tarball npm would publish; the repository must be built */
export async function pack() {
  mkdirSync(home(), { recursive: true });
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', home()];
  const result = await run('npm', args, { timeout: 120 });
  if (result.exitCode !== 0) throw new Error(`npm pack: ${result.stdout}${result.stderr}`);
  return home(JSON.parse(result.stdout)[0].filename);
}

/**
 * Copies examples/<name> to build/examples/<name>.
 * @param {string} name
 * @param {string} tarball
 */
export function project(name, tarball) {
  const folder = home(name);
  cpSync(inRoot('examples', name), folder, {
    recursive: true,
    filter: (path) => !/[\\/](?:node_modules|dist|build|package-lock\.json)$/.test(path.slice(inRoot().length)),
  });
  const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  manifest.dependencies.trustlet = `file:${tarball}`;
  writeFileSync(`${folder}/package.json`, JSON.stringify(manifest, null, 2));

  const install = async () => {
    const args = ['install', '--offline', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
    return run('npm', [...args, '--loglevel=error', '--install-links=false', tarball, ...localPackages()], {
      cwd: folder,
      // A cache of its own, always empty: what is not here is not fetched either.
      env: { ...cleanEnvironment(), npm_config_cache: home('npm-cache') },
      timeout: 120,
    });
  };
  return {
    folder,
    /** A command of its README or CI recipe. `npm install` of anything is the tarball, from this machine. */
    shell: (command) =>
      /^npm install( trustlet)?$/.test(command) ? install() : run('sh', ['-c', command], { cwd: folder, timeout: 180 }),
  };
}
