/** The host build of the addon: the driver's own C over the simulated kernel, in this process. Linux only. */
import type { HostBinding } from '../../lib/native/binding.js';
import { loadHostBinding } from '../../lib/native/load-binding.js';

/** Builds it where it is not up to date. @returns the binding; one machine at a time runs in it */
export const buildHostAddon = async (): Promise<HostBinding> => {
  const given = process.env['TRUSTLET_TEST_ADDON'];
  if (given !== undefined) return loadHostBinding(given);
  const script = new URL('../../../scripts/build-addon.mjs', import.meta.url).href;
  const { buildHostAddon: build } = (await import(script)) as {
    buildHostAddon: (options: { variant: 'plain' }) => Promise<string>;
  };
  return loadHostBinding(await build({ variant: 'plain' }));
};
