// Clients and drivers of different days (test/driver/future_test.c): driver/core is built with today's header and with that of
// a later protocol, whose structures have all grown. Needs the compiled tests: the later protocol is made by
// test/support/future-schema.ts.

import { readFileSync } from 'node:fs';
import { inBuild, inRoot } from './paths.mjs';

const SOURCES = ['driver/core', 'test/driver/core/bench.c', 'test/driver/future_test.c'];

/** Writes the later protocol's header where no other build looks. @returns {Promise<string>} its folder */
async function futureHeader() {
  const { futureSchema, writeHeader } = await import('../../dist/test/support/future-schema.js');
  const { protocolOf } = await import('../../dist/protocol/schema.js');
  const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const folder = inBuild('future', 'include');
  writeHeader(futureSchema(protocolOf(version)), folder);
  return folder;
}

/**
 * The test as build-host.mjs wants it: driver/core with today's header, or with a later protocol's.
 * @param {'today' | 'future'} day
 */
export async function futureTest(day) {
  if (day === 'today') return { name: 'future-test-today', sources: SOURCES, args: [day] };
  const folder = await futureHeader();
  // -iquote comes before every -I: the driver's own #include "trustlet_protocol.h" finds the later header first.
  return { name: 'future-test-future', sources: SOURCES, includes: [folder], flags: ['-iquote', folder], args: [day] };
}
