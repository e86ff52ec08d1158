/** R38 to R44 and R49: control words, buffers, reps. */
import assert from 'node:assert/strict';
import type { Hypervisor } from '../../../../../lib/emulator/hypervisor/hypervisor.js';
import {
  Code,
  call,
  checkInput,
  completed,
  control,
  create,
  enablePartition,
  getInput,
  INPUT,
  modify,
  Name,
  OUTPUT,
  protecting,
} from '../guest.js';
import { forProfiles, type ReferenceVector } from './vector.js';

const ended = (
  hv: Hypervisor,
  ...args: Parameters<typeof call> extends [unknown, ...infer Rest] ? Rest : never
): readonly number[] => {
  const { status, repsCompleted } = completed(call(hv, ...args));
  return [status, repsCompleted];
};

export const interfaceVectors: readonly ReferenceVector[] = [
  ...forProfiles('R38', ['openhcl', 'tlfs'], 'reps in a simple call are INVALID_HYPERCALL_INPUT', (profile) => {
    assert.deepEqual(ended(create({ profile }), Code.ENABLE_PARTITION, enablePartition(), { reps: 3 }), [0x03, 0]);
    assert.deepEqual(ended(create({ profile }), Code.ENABLE_PARTITION, enablePartition(), { start: 1 }), [0x03, 0]);
  }),
  ...forProfiles('R39', ['openhcl', 'tlfs'], 'a rep call without reps is INVALID_HYPERCALL_INPUT', (profile) => {
    assert.deepEqual(ended(create({ profile }), Code.GET, getInput([Name.VP_STATUS]), { reps: 0 }), [0x03, 0]);
  }),
  ...forProfiles('R40', ['openhcl', 'tlfs'], 'a rep start at the count is INVALID_HYPERCALL_INPUT', (profile) => {
    const names = [Name.VP_STATUS, Name.VP_STATUS, Name.VP_STATUS];
    assert.deepEqual(ended(create({ profile }), Code.GET, getInput(names), { reps: 3, start: 3 }), [0x03, 0]);
  }),
  ...forProfiles('R41', ['openhcl', 'tlfs'], 'an unknown call code is INVALID_HYPERCALL_CODE', (profile) => {
    assert.deepEqual(ended(create({ profile }), 0x8765, new Uint8Array(8)), [0x02, 0]);
  }),
  ...forProfiles('R42', ['openhcl', 'tlfs'], 'addresses that are no multiple of 8 are INVALID_ALIGNMENT', (profile) => {
    const at = INPUT + 4n;
    const to = OUTPUT + 4n;
    assert.deepEqual(ended(create({ profile }), Code.ENABLE_PARTITION, enablePartition(), { at }), [0x04, 0]);
    assert.deepEqual(ended(create({ profile }), Code.GET, getInput([Name.VP_STATUS]), { reps: 1, to }), [0x04, 0]);
  }),
  ...(
    [
      ['openhcl', 0x03],
      ['tlfs', 0x04],
    ] as const
  ).flatMap(([name, expected]) =>
    forProfiles('R43', [name], `16 bytes at page offset 4088 are status ${expected}`, (profile) => {
      const at = INPUT + 4088n;
      const to = OUTPUT + 4088n;
      assert.deepEqual(ended(create({ profile }), Code.ENABLE_PARTITION, enablePartition(), { at }), [expected, 0]);
      assert.deepEqual(ended(create({ profile }), Code.GET, getInput([Name.VP_STATUS]), { reps: 1, to }), [
        expected,
        0,
      ]);
    }),
  ),
  ...forProfiles('R44', ['openhcl'], 'the fast registers hold six reps of 8 bytes in and out, not seven', (profile) => {
    const pages = [0, 1, 2, 3, 4, 5, 6];
    const fast = true;
    const six = ended(protecting({ profile }), Code.CHECK, checkInput(1, pages.slice(1)), { reps: 6, fast });
    assert.deepEqual(six, [0, 6]);
    assert.deepEqual(ended(protecting({ profile }), Code.CHECK, checkInput(1, pages), { reps: 7, fast }), [0x03, 0]);
  }),
  ...forProfiles('R49', ['openhcl', 'tlfs'], 'a rep call that stops early goes on where it was', (profile) => {
    const hv = protecting({ profile, repBudget: 2 });
    const rip = hv.readRegister(0, Name.RIP);
    const first = call(hv, Code.MODIFY, modify(0x1, [0x100, 0x101, 0x102]), { reps: 3 });
    assert.deepEqual(first, { kind: 'continued', repsCompleted: 2 });
    assert.equal(hv.readRegister(0, Name.RIP), rip);
    assert.equal(hv.readRegister(0, Name.RCX), 0x0002_0003_0000_000cn);
    assert.equal(hv.readRegister(0, Name.RCX), control(Code.MODIFY, { reps: 3, start: 2 }));
    const second = completed(hv.hypercallAgain(0));
    assert.deepEqual([second.status, second.repsCompleted, second.result], [0, 3, 0x3_0000_0000n]);
    assert.equal(hv.readRegister(0, Name.RAX), 0x3_0000_0000n);
    assert.equal(hv.readRegister(0, Name.RIP), rip + 3n);
  }),
];
