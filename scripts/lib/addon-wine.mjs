// The prebuilt addon in the real node.exe in Wine: beside trustlet.sys, and beside a driver whose requests pend.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LINK_FLAGS, mingw } from '../build-driver.mjs';
import { compileAll, GCC_FLAGS, must } from './driver-sources.mjs';
import { inBuild, inRoot } from './paths.mjs';
import { runNodeIn, toWindowsPath } from './wine.mjs';
import { withDriver } from './wine-driver.mjs';

/** @returns {Promise<string>} path of trustlet-pending.sys */
async function buildPendingDriver() {
  const folder = inBuild('addon', 'pending');
  mkdirSync(folder, { recursive: true });
  const compiler = mingw();
  const sources = [inRoot('test', 'native', 'pending', 'pending_driver.c')];
  const objects = await compileAll({ compiler, flags: GCC_FLAGS, sources, folder });
  const output = join(folder, 'trustlet-pending.sys');
  await must(compiler, [...LINK_FLAGS, '-o', output, ...objects, '-lntoskrnl'], 'the pending driver does not link');
  return output;
}

/**
 * Runs one of the Wine programs of test/native beside its driver.
 * @param {object} options
 * @param {'20' | '22'} options.node major version
 * @param {string} options.program file name below test/native
 * @param {string[]} [options.args]
 * @param {{ sys: string, service: string, device: string }} options.driver
 */
const beside = ({ node, program, args = [], driver }) =>
  withDriver({
    ...driver,
    use: (prefix) => runNodeIn(prefix, { node, args: [inRoot('test', 'native', program), ...args], timeout: 120 }),
  });

/** @param {{ node: '20' | '22' }} options @returns {Promise<import('./run.mjs').RunResult>} */
export async function pendingInWine({ node }) {
  const sys = await buildPendingDriver();
  return beside({
    node,
    program: 'wine-pending.mjs',
    driver: { sys, service: 'trustlet-pending', device: '\\\\.\\TrustletPending' },
  });
}

/**
 * @param {{ node: '20' | '22', sys: string, sim?: boolean, binding?: string }} options `binding`: another file than the prebuilt one
 * @returns {Promise<import('./run.mjs').RunResult>}
 */
export const smokeInWine = ({ node, sys, sim = false, binding }) => {
  const device = sim ? '\\\\.\\TrustletSim' : '\\\\.\\Trustlet';
  return beside({
    node,
    program: 'wine-smoke.mjs',
    args: [`--device=${device}`, ...(binding === undefined ? [] : [`--binding=${toWindowsPath(binding)}`])],
    driver: { sys, service: sim ? 'trustlet-sim' : 'trustlet', device },
  });
};
