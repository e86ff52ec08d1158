// A .sys in Wine: installed, started, used, stopped and removed, each in a throw-away prefix. The traps: facts/wine.md 0, 7, 12.

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPrefix } from './wine.mjs';

const SERVICES = 'HKLM\\System\\CurrentControlSet\\Services';

/** What went wrong with the driver itself, apart from the tests. */
export class DriverError extends Error {
  name = 'DriverError';
}

async function must(prefix, args, what) {
  const result = await prefix.wine(args, { timeout: 90 });
  if (result.exitCode !== 0)
    throw new DriverError(
      `${what} (${args.join(' ')} ended with ${result.exitCode}):\n${result.stdout}${result.stderr}`,
    );
  return result;
}

/**
 * Starts a driver in a new prefix, runs something beside it, stops it and deletes its service.
 * @template T
 * @param {object} options
 * @param {string} options.sys the .sys
 * @param {string} options.service its service's name; the file is installed under this name
 * @param {{ key?: string, name: string, type: string, data: string }[]} [options.values] written below the service's key before
 * it starts, as `reg add` takes them
 * @param {(prefix: import('./wine.mjs').WinePrefix) => Promise<T>} options.use
 * @returns {Promise<T>}
 * @throws {DriverError} naming what failed: it did not load, or stopped answering the service manager
 */
export async function withDriver({ sys, service, values = [], use }) {
  const prefix = await openPrefix();
  try {
    const file = `C:\\windows\\system32\\drivers\\${service}.sys`;
    copyFileSync(sys, join(prefix.path, 'drive_c', 'windows', 'system32', 'drivers', `${service}.sys`));
    await must(
      prefix,
      ['sc', 'create', service, 'type=', 'kernel', 'start=', 'demand', 'binPath=', file],
      'the service cannot be created',
    );
    for (const { key = 'Parameters', name, type, data } of values) {
      const path = `${SERVICES}\\${service}\\${key}`;
      await must(
        prefix,
        ['reg', 'add', path, '/v', name, '/t', type, '/d', data, '/f'],
        'the registry is not writable',
      );
    }
    await must(prefix, ['sc', 'start', service], `${service}.sys does not load`);
    const result = await use(prefix);
    const query = await prefix.wine(['sc', 'query', service], { timeout: 60 });
    // Its tests may have stopped it; anything else must be running still, and stop when it is told to.
    if (/STATE.*RUNNING/.test(query.stdout)) await must(prefix, ['sc', 'stop', service], `${service} does not stop`);
    else if (!/STATE.*STOPPED/.test(query.stdout))
      throw new DriverError(`${service} is neither running nor stopped:\n${query.stdout}${query.stderr}`);
    await must(prefix, ['sc', 'delete', service], `${service} cannot be deleted`);
    return result;
  } finally {
    prefix.close();
  }
}
