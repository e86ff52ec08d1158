// A fresh project below build/ with the packed package in it, installed by npm as its users do.

import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, inBuild, inRoot } from '../../scripts/lib/paths.mjs';
import { cleanEnvironment, run } from '../../scripts/lib/run.mjs';

const home = (...parts) => inBuild('package-fresh', ...parts);

/** Every script that npm runs comes through here, and is written down with the package it is of. */
const RECORDER = `#!/bin/sh
echo "$npm_package_name $npm_lifecycle_event: $*" >> "$TRUSTLET_RECORD"
exec sh "$@"
`;

/** Nothing of the repository: neither the variables of `npm test`, nor what a configuration of npm's says of node-gyp. */
function ownEnvironment(folder) {
  const env = cleanEnvironment();
  for (const name of Object.keys(env)) if (/^npm_/i.test(name) && !/registry/i.test(name)) delete env[name];
  return { ...env, TRUSTLET_RECORD: join(folder, 'scripts-that-ran') };
}

export function emptyHome() {
  rmSync(home(), { recursive: true, force: true });
  mkdirSync(home(), { recursive: true });
  writeFileSync(home('recorder.sh'), RECORDER);
  chmodSync(home('recorder.sh'), 0o755);
}

/**
 * @typedef {object} Project
 * @property {string} folder
 * @property {(...args: string[]) => Promise<import('../../scripts/lib/run.mjs').RunResult>} npm with every script written down
 * @property {() => string[]} scripts that npm ran since the last call, `<package> <event>: <command>`
 * @property {() => Record<string, string>} installed the package's files as they lie there
 * @property {(program: string, args?: string[], env?: Record<string, string>) => Promise<import('../../scripts/lib/run.mjs').RunResult>} node
 */

/**
 * @param {string} name of the folder
 * @returns {Project} without the package; it has the programs of test/package/inside
 */
export function project(name) {
  const folder = home(name);
  cpSync(inRoot('test', 'package', 'inside'), folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name, private: true, type: 'module', scripts: { canary: 'true' } }),
  );
  const env = ownEnvironment(folder);
  return {
    folder,
    // What npm fetched for the repository itself is in its cache already.
    npm: (...args) =>
      run(
        'npm',
        [
          ...args,
          '--prefer-offline',
          '--no-audit',
          '--no-fund',
          '--loglevel=error',
          `--script-shell=${home('recorder.sh')}`,
        ],
        { cwd: folder, env, timeout: 180 },
      ),
    scripts: () => {
      const ran = existsSync(env.TRUSTLET_RECORD) ? readFileSync(env.TRUSTLET_RECORD, 'utf8') : '';
      rmSync(env.TRUSTLET_RECORD, { force: true });
      return ran.split('\n').filter(Boolean);
    },
    installed: () => {
      const root = join(folder, 'node_modules', 'trustlet');
      return Object.fromEntries(
        filesBelow(root).map((path) => [path.slice(root.length), readFileSync(path).toString('base64')]),
      );
    },
    node: (program, args = [], more = {}) =>
      run(process.execPath, [program, ...args], { cwd: folder, env: { ...env, ...more }, timeout: 60 }),
  };
}
