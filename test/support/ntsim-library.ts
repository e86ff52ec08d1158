/** The simulated kernel as a library of this system, built if its sources are newer. */
import { pathToFileURL } from 'node:url';

interface Builder {
  buildNtsim(options: { target: 'linux' }): Promise<string>;
}

export const simulatedKernelLibrary = async (): Promise<string> => {
  const script = new URL('../../../scripts/build-ntsim.mjs', import.meta.url);
  const { buildNtsim } = (await import(pathToFileURL(script.pathname).href)) as Builder;
  return buildNtsim({ target: 'linux' });
};
