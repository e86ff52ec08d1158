/**
 * Loading a module of this package on first use, synchronously.
 *
 * `createRequire` is taken from Node itself rather than imported, because a test runner may replace `node:module` by a version
 * that cannot require ES modules (jest does).
 */
export const requireModule = <T>(specifier: string, from: string): T =>
  process.getBuiltinModule('node:module').createRequire(from)(specifier) as T;
