/** What the tests build, read by others: the builder writes what it says, and the reader agrees on what real files do not show. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { description } from '../support/pe/arbitrary.js';
import { buildPe } from '../support/pe/build.js';
import { Comparison } from '../support/pe/comparison.js';
import { MACHINE, type PeDescription } from '../support/pe/describe.js';
import { llvmListings, objdumpListings } from '../support/pe/second-opinion.js';

const FILES = 400;

/** As random as others put up with: they refuse what no machine runs, and pass over names that are none. */
const soundened = (each: PeDescription): PeDescription => {
  // What is wrong within policies and enclaves is for tests of their own.
  const { exports: table, loadConfig, sections, debug = [], policy: _policy, enclave: _enclave, ...rest } = each;
  const { size: _size, directorySize: _directorySize, ...members } = loadConfig ?? {};
  const functions = (table?.functions ?? []).map((one, index) => ({
    ...one,
    target: typeof one.target === 'number' && one.target > 0 ? one.target : ('code' as const),
    name: one.name === null ? null : `export_${index}_${one.name.length}`,
  }));
  return {
    ...rest,
    machine: each.bits === 32 ? MACHINE.I386 : MACHINE.AMD64,
    imageBase: 0x1000_0000n,
    sectionAlignment: 4096,
    fileAlignment: 512,
    directoryCount: 16,
    subsystem: 1 + ((each.subsystem ?? 0) % 3),
    ...(table === undefined
      ? {}
      : { exports: { ...table, functions, moduleName: 'built.dll', ordinalBase: 1, order: 'sorted' } }),
    ...(debug.length === 0 ? {} : { debug }),
    // llvm-readobj lists the table too, and fails where there is none.
    ...(loadConfig === undefined ? {} : { loadConfig: { ...members, guardCfFunctionTable: 0n } }),
    sections: (sections ?? []).map((section, index) => ({ ...section, name: `.s${index}` })),
  } as PeDescription;
};

describe('built PE files', () => {
  test('are read by two others as by this reader', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'trustlet-pe-built-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const paths = fc.sample(description, { numRuns: FILES, seed: 20_261_123 }).map((each, index) => {
      const path = join(folder, `${index}.dll`);
      writeFileSync(path, buildPe(soundened(each)).bytes);
      return path;
    });
    const listings = llvmListings(paths);
    const others = objdumpListings(paths);
    const comparison = new Comparison();
    for (const path of paths) {
      const listing = listings.get(path);
      assert.ok(listing !== undefined, path);
      comparison.compare(path, listing, others.get(path));
    }
    context.diagnostic(comparison.summary(paths.length, 'built files'));
    assert.ok(comparison.counts['load config'] > 400);
  });
});
