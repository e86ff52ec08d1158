/**
 * Everything that is measured on Linux:
 * `node --expose-gc dist/bench/linux.js --addon … --plain … --ntsim … --out … [--quick]`; bench/run.mjs starts it.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadHostBinding } from '../lib/native/load-binding.js';
import { aimsOf } from './aims.js';
import { driverAnswers, PlainC } from './answerers.js';
import { census, decode, growthOf } from './census.js';
import { checksOf, LINEAR, NOT_SQUARE } from './checks.js';
import { crowdOf } from './crowd.js';
import { guestBytes, guestInstructions, pageAccess } from './emulator.js';
import { decision, guardRun } from './guard.js';
import { heapPerProcess } from './heap.js';
import { crossing, type Field, queryMany, queryOne } from './query.js';
import { Remote } from './remote.js';
import type { Findings, Measurement } from './results.js';
import { FULL, QUICK } from './rounds.js';
import { booting, importing } from './start.js';

const { values } = parseArgs({
  options: {
    addon: { type: 'string' },
    plain: { type: 'string' },
    ntsim: { type: 'string' },
    out: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const path = (name: 'addon' | 'plain' | 'ntsim' | 'out'): string => {
  const given = values[name];
  if (given === undefined) throw new Error(`--${name} is missing: run npm run bench`);
  return given;
};

const SIZES = values.quick ? [100, 1000, 10_000] : [100, 1000, 10_000, 100_000];
const BATCHES = [256, 4096];
/** The machine that single queries, batches, decoding and the guard are measured on. */
const USUAL = 10_000;

const binding = loadHostBinding(path('addon'));
const plain = new PlainC(path('plain'));
const ntsim = path('ntsim');

/** Boots the same machine for everybody, measures, and ends it. */
const on = async <T>(size: number, use: (field: Field) => Promise<T>): Promise<T> => {
  const crowd = crowdOf(size);
  plain.boot(crowd);
  const field = {
    crowd,
    plain,
    driver: driverAnswers(binding, crowd),
    ntdll: new Remote('ntdll', size, ntsim),
    emulator: new Remote('emulator', size, ntsim),
  };
  const found = await use(field);
  for (const answerer of [field.driver, field.ntdll, field.emulator]) answerer.end();
  plain.shutdown();
  return found;
};

const effort = values.quick ? QUICK : FULL;
const measurements: Measurement[] = [];
let heap = Number.NaN;
for (const size of SIZES) {
  await on(size, async (field) => {
    if (size === USUAL) {
      measurements.push(...(await crossing(field, effort)), ...(await queryOne(field, effort)));
      for (const pids of BATCHES) measurements.push(...(await queryMany(field, pids, effort)));
      measurements.push(...(await decode(field, effort)), ...(await guardRun(field, effort)));
      heap = heapPerProcess(field.driver.vsm, size);
    }
    measurements.push(...(await census(field, effort)));
  });
}
measurements.push(...(await decision(effort)), ...(await booting(effort)));
measurements.push(...(await pageAccess(effort)), ...(await guestInstructions(effort)), ...(await importing(effort)));

const growth = growthOf(measurements.filter(({ group }) => group === 'census'));
const findings: Findings = {
  measurements,
  notMeasured: [],
  growth,
  remarks: [],
  aims: aimsOf(measurements, growth, heap, guestBytes()),
  checks: checksOf(measurements, growth, values.quick ? NOT_SQUARE : LINEAR),
};
writeFileSync(path('out'), JSON.stringify(findings));
