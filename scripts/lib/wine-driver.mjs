// A .sys in Wine: installed, started, used, stopped and removed, each in a throw-away prefix. The traps: facts/wine.md 0, 7, 12.

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { HungStart, openPrefix, retryHungStart } from './wine.mjs';
import { buildDriverTool } from './wine-client.mjs';

const SERVICES = 'HKLM\\System\\CurrentControlSet\\Services';

/** Where the drivers of this repository are opened, by their services. */
export const DEVICES = {
  trustlet: '\\\\.\\Trustlet',
  'trustlet-sim': '\\\\.\\TrustletSim',
  'trustlet-sample': '\\\\.\\TrustletSample',
};

/** A program that ends with this had a driver that failed, as facts/wine.md 12 has it: no test of it counts. */
export const DRIVER_FAILED = 70;

/** What went wrong with the driver itself, apart from the tests. */
export class DriverError extends Error {
  name = 'DriverError';
  /**
   * What `use` returned, if it came to that: a client's output outlives the driver it was talking to.
   * @type {unknown}
   */
  used;

  /**
   * @param {string} message
   * @param {{ used?: unknown, cause?: unknown }} [details]
   */
  constructor(message, { used, cause } = {}) {
    super(message, { cause });
    this.used = used;
  }
}

/** A step of the harness's own. */
async function must(prefix, args, what) {
  const result = await prefix.wine(args, { timeout: 90 });
  if (result.timedOut) throw new HungStart(`${what}: ${args.join(' ')} did not come back within 90 s`);
  if (result.exitCode !== 0)
    throw new DriverError(`${what} (exit code ${result.exitCode}): ${result.stdout}${result.stderr}`.trimEnd());
}

/** Copies the file, creates the service and writes its values. */
async function install(prefix, { sys, service, values }) {
  const file = `C:\\windows\\system32\\drivers\\${service}.sys`;
  copyFileSync(sys, join(prefix.path, 'drive_c', 'windows', 'system32', 'drivers', `${service}.sys`));
  await must(
    prefix,
    ['sc', 'create', service, 'type=', 'kernel', 'start=', 'demand', 'binPath=', file],
    `${service}: the service cannot be created`,
  );
  for (const { key = 'Parameters', name, type, data } of values) {
    const path = `${SERVICES}\\${service}\\${key}`;
    await must(
      prefix,
      ['reg', 'add', path, '/v', name, '/t', type, '/d', data, '/f'],
      `${service}: the registry cannot be written`,
    );
  }
}

/**
 * Starts a driver in a new prefix, runs something beside it, stops it and deletes its service. It is pinged before and after the
 * use, because the service manager calls a driver running that has crashed (facts/wine.md 0); where its tests left it stopped, it
 * is started once more for that. A start that hung is tried once more in a new prefix, and said so.
 * @template T
 * @param {object} options
 * @param {string} options.sys the .sys
 * @param {string} options.service its service's name; the file is installed under this name
 * @param {string} [options.device] where it is opened; known for the repository's own drivers
 * @param {{ key?: string, name: string, type: string, data: string }[]} [options.values] written below the service's key before
 * it starts, as `reg add` takes them
 * @param {(prefix: import('./wine.mjs').WinePrefix) => Promise<T>} options.use
 * @param {(message: string) => void} [options.report] told about a retry; default: stderr
 * @returns {Promise<T>}
 * @throws {DriverError} naming what failed: it did not load, did not answer, crashed in use (with what `use` returned), did not stop
 */
export async function withDriver({ sys, service, device = DEVICES[service], values = [], use, report }) {
  const tool = await buildDriverTool();
  return retryHungStart(async () => {
    const prefix = await openPrefix();
    try {
      await install(prefix, { sys, service, values });
      await must(prefix, [tool, 'up', service, device], `${service}.sys does not start`);
      const { used, thrown } = await use(prefix).then(
        (result) => ({ used: result }),
        (error) => ({ thrown: error }),
      );
      if (thrown instanceof HungStart) throw thrown;
      const ended = await prefix.wine([tool, 'down', service, device], { timeout: 90 });
      if (ended.exitCode !== 0)
        throw new DriverError(
          `${service}.sys failed in use or at its end (exit code ${ended.exitCode}): ${ended.stdout}${ended.stderr}`.trimEnd(),
          { used, cause: thrown },
        );
      if (thrown !== undefined) throw thrown;
      return used;
    } finally {
      prefix.close();
    }
  }, report);
}
