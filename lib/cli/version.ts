/** Which version of the package this is. */
import { readFileSync } from 'node:fs';

/** From the package's own package.json: this module is compiled to dist/lib/cli. */
export const packageVersion = (): string => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
};
