/** What the pictures show is what the machine is: page by page, process by process. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { scenarioNames } from '../../../lib/emulator/scenarios/index.js';
import { boot } from '../../../lib/emulator-entry.js';
import { pictureOf } from '../../../lib/pictures/machine-picture.js';

const PAGE = 4096n;

describe('a picture of a machine', () => {
  test('has for every page the rights that the hypervisor gives, and each page once', () => {
    const scenarios = scenarioNames.filter((name) => name !== 'large');
    fc.assert(
      fc.property(
        fc.constantFrom(...scenarios),
        fc.array(fc.nat({ max: 30 }), { maxLength: 6 }),
        (scenario, touched) => {
          const machine = boot(scenario);
          const labels = machine.scenario.processes.map(({ label }) => label);
          for (const index of touched) machine.physicalPages(labels[index % labels.length] ?? 'lsass');
          const { pages, hasVtl1 } = pictureOf(machine);
          let last = -1;
          for (const { firstPage, pageCount, vtl0, vtl1, holder } of pages) {
            assert.ok(firstPage > last);
            last = firstPage + pageCount - 1;
            assert.equal(vtl1 === null, !hasVtl1);
            for (let page = firstPage; page <= last; page += 1) {
              for (const [vtl, rights] of [
                [0, vtl0],
                [1, vtl1],
              ] as const) {
                if (rights === null) continue;
                for (const access of ['read', 'write', 'execute'] as const) {
                  const isAllowed = machine.hypervisor.check(vtl, BigInt(page) * PAGE, access).kind === 'allowed';
                  assert.equal(rights[access], isAllowed, `page ${page}, VTL${vtl}, ${access}`);
                }
              }
            }
            if (holder.vtl === 1) assert.deepEqual(vtl0, { read: false, write: false, execute: false });
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('gives every page of a process to that process, and those of a trustlet to VTL1', () => {
    const machine = boot('credential-guard');
    for (const [label, vtl] of [
      ['lsass', 0],
      ['lsaiso', 1],
    ] as const) {
      const expected = machine.physicalPages(label).map(({ physicalAddress }) => Number(physicalAddress / PAGE));
      const found = pictureOf(machine).pages.flatMap(({ holder, firstPage, pageCount }) =>
        holder.label === label ? Array.from({ length: pageCount }, (_, index) => firstPage + index) : [],
      );
      assert.deepEqual(
        found,
        [...expected].sort((a, b) => a - b),
      );
      assert.ok(pictureOf(machine).pages.every(({ holder }) => holder.label !== label || holder.vtl === vtl));
    }
  });

  test('says who is where, without what has ended', () => {
    const machine = boot('credential-guard');
    machine.exit('notepad');
    const { processes, activeVtls, hasHypervisor } = pictureOf(machine);
    const lsaiso = processes.find(({ label }) => label === 'lsaiso');
    assert.deepEqual([lsaiso?.vtl, lsaiso?.trustletId, lsaiso?.name], [1, 1, 'LsaIso.exe']);
    assert.deepEqual([processes.find(({ label }) => label === 'lsass')?.vtl, activeVtls], [0, [0, 0]]);
    assert.equal(
      processes.some(({ label }) => label === 'notepad'),
      false,
    );
    assert.equal(hasHypervisor, true);
    assert.equal(pictureOf(boot('plain')).hasVtl1, false);
  });

  test('changes nothing', () => {
    const machine = boot('credential-guard');
    const before = [machine.events.length, machine.hypervisor.pagesInUse().length, machine.touches.length];
    pictureOf(machine);
    assert.deepEqual([machine.events.length, machine.hypervisor.pagesInUse().length, machine.touches.length], before);
  });
});
