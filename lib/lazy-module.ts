/**
 * Loading a module of this package on first use, synchronously: `import 'trustlet'` stays small, and calls stay synchronous.
 *
 * A test runner that brings its own module loader (jest) cannot require ES modules. There, importing `trustlet/emulator` or
 * `trustlet/testing` has provided what `open` would load.
 */
import { TrustletError } from './errors.js';

const provided = new Map<string, unknown>();

/** Puts a module that is loaded already in the place of its specifier. */
export const provideModule = (specifier: string, loaded: unknown): void => {
  provided.set(specifier, loaded);
};

/** `createRequire` of Node itself: the version a test runner gives may know less. */
const nodeRequire = (from: string): NodeJS.Require => process.getBuiltinModule('node:module').createRequire(from);

/**
 * @param specifier as the importing module writes it
 * @param from the importing module's `import.meta.url`
 * @throws what Node's `require` throws: for packages that may be missing
 */
export const requirePackage = <T>(specifier: string, from: string): T => nodeRequire(from)(specifier) as T;

/**
 * @param specifier path of a module of this package, relative to `from`
 * @param from the importing module's `import.meta.url`
 * @throws TrustletError ERR_TRUSTLET_BACKEND when the runtime cannot load it synchronously
 */
export const requireModule = <T>(specifier: string, from: string): T => {
  const known = provided.get(specifier);
  if (known !== undefined) return known as T;
  try {
    return requirePackage<T>(specifier, from);
  } catch (cause) {
    throw new TrustletError(
      'ERR_TRUSTLET_BACKEND',
      `${specifier} could not be loaded synchronously (${String(cause).split('\n')[0]}). Under a test runner with a module loader of its ` +
        "own, import 'trustlet/testing' once before calling open().",
      { cause },
    );
  }
};
