// The C tests of driver/core, as build-host.mjs wants them: for the suites, for coverage, for mutants.

const folder = 'test/driver/core';

/** The tests of driver/core over the simulated kernel: TAP, and a last line `N passed, N failed`. */
export const CORE_TESTS = { name: 'core-test', sources: ['driver/core', folder] };

/** Many clients at once; its argument is the number of rounds. */
export const THREADS_TEST = {
  name: 'threads-test',
  sources: ['driver/core', 'test/driver/threads_test.c', `${folder}/bench.c`],
};

/** TlDecide and TlJudge against every vector (test/support/vectors.ts); its arguments are the two files of vectors. */
export const VECTORS_TEST = {
  name: 'vectors-test',
  sources: ['driver/core/decide.c', 'driver/core/verdict.c', 'test/driver/vectors_test.c'],
};
