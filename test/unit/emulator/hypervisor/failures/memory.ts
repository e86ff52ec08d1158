/** Protections, translations, intercepts and interrupts. */
import {
  ANY_VP,
  apicInput,
  assertInput,
  bytes,
  Code,
  checkInput,
  create,
  flushInput,
  interceptInput,
  ipiInput,
  modify,
  protectedSide,
  protecting,
  secure,
  status,
  translateInput,
  use,
} from '../guest.js';
import { alike, row } from './row.js';

const other = 42n;
const PAGE = 0x100;
const one = { reps: 1 };

export const memoryRows = {
  'modify-not-self': row([0x06, 0x06, 0x0d], (profile) =>
    status(protecting({ profile }), Code.MODIFY, modify(0xf, [PAGE], { partition: other }), one),
  ),
  'modify-higher-vtl': alike(0x06, (profile) =>
    status(create({ profile }), Code.MODIFY, modify(0xf, [PAGE], { vtl: use(1) }), one),
  ),
  'modify-lowest-vtl': row([0x05, 0x05, 0x00], (profile) =>
    status(protecting({ profile }), Code.MODIFY, modify(0xf, [PAGE], { vtl: use(0) }), one),
  ),
  'modify-not-protecting': alike(0x06, (profile) => {
    const hv = secure({ profile });
    return status(hv, Code.MODIFY, modify(0xf, [PAGE], { vtl: protectedSide(hv) }), one);
  }),
  'modify-bad-flags': alike(0x50, (profile) => {
    const hv = protecting({ profile });
    return status(hv, Code.MODIFY, modify(0x8001, [PAGE], { vtl: protectedSide(hv) }), one);
  }),
  'modify-not-ram': alike(0x05, (profile) => {
    const hv = protecting({ profile });
    return status(hv, Code.MODIFY, modify(0xf, [0x4000], { vtl: protectedSide(hv) }), one);
  }),

  'translate-not-self': row([0x06, 0x06, 0x0d], (profile) =>
    status(secure({ profile }), Code.TRANSLATE, translateInput(0n, 0n, { partition: other })),
  ),
  'translate-other-vp': row([0x06, 0x06, 0x0e], (profile) =>
    status(secure({ profile }), Code.TRANSLATE, translateInput(0n, 0n, { vp: ANY_VP })),
  ),
  'translate-own-vtl': row([0x06, 0x06, 0x00], (profile) =>
    status(create({ profile }), Code.TRANSLATE, translateInput(0n, 0n, { vtl: 0 })),
  ),
  'translate-higher-vtl': row([0x06, 0x06, 0x15], (profile) =>
    status(create({ profile }), Code.TRANSLATE, translateInput(0n, 0n, { vtl: use(1) })),
  ),

  'check-not-self': alike(0x06, (profile) =>
    status(secure({ profile }), Code.CHECK, checkInput(1, [PAGE], { partition: other }), one),
  ),
  'check-bad-vtl': alike(0x06, (profile) =>
    status(secure({ profile }), Code.CHECK, checkInput(1, [PAGE], { vtl: use(1) }), one),
  ),
  'check-bad-access': alike(0x05, (profile) => status(secure({ profile }), Code.CHECK, checkInput(0x10, [PAGE]), one)),

  'intercept-not-self': alike(0x06, (profile) =>
    status(secure({ profile }), Code.INSTALL_INTERCEPT, interceptInput(1, 0x70n, 0, other)),
  ),
  'intercept-vtl0': alike(0x06, (profile) =>
    status(create({ profile }), Code.INSTALL_INTERCEPT, interceptInput(1, 0x70n)),
  ),
  'intercept-bad-type': alike(0x05, (profile) =>
    status(secure({ profile }), Code.INSTALL_INTERCEPT, interceptInput(4, 0x70n)),
  ),
  'intercept-result': alike(0x05, (profile) => status(secure({ profile }), Code.INTERCEPT_RESULT, new Uint8Array(16))),
  'intercept-result-vtl0': alike(0x06, (profile) =>
    status(create({ profile }), Code.INTERCEPT_RESULT, new Uint8Array(16)),
  ),

  'assert-not-self': alike(0x06, (profile) =>
    status(secure({ profile }), Code.ASSERT_INTERRUPT, assertInput(0x40, { partition: other })),
  ),
  'assert-bad-vtl': alike(0x06, (profile) =>
    status(secure({ profile }), Code.ASSERT_INTERRUPT, assertInput(0x40, { vtl: use(1) })),
  ),
  'assert-bad-type': alike(0x05, (profile) =>
    status(secure({ profile }), Code.ASSERT_INTERRUPT, assertInput(0x40, { type: 1n })),
  ),
  'assert-bad-vector': alike(0x05, (profile) => status(secure({ profile }), Code.ASSERT_INTERRUPT, assertInput(0x100))),

  'ipi-bad-vector': alike(0x05, (profile) => status(create({ profile }), Code.IPI, ipiInput(15, 0, 1n))),
  'ipi-higher-vtl': alike(0x51, (profile) => status(create({ profile }), Code.IPI, ipiInput(0x40, use(1), 1n))),
  'ipi-bad-set': alike(0x05, (profile) =>
    status(
      create({ profile }),
      Code.IPI_EX,
      bytes(24, [
        [0, 4, 0x40],
        [8, 8, 2],
      ]),
    ),
  ),

  'flush-bad-flags': alike(0x05, (profile) => status(create({ profile }), Code.FLUSH_SPACE, flushInput(0x20n, 1n))),
  'flush-no-vp': alike(0x05, (profile) => status(create({ profile }), Code.FLUSH_SPACE, flushInput(0n, 2n))),

  'apic-id-not-self': alike(0x0d, (profile) =>
    status(create({ profile }), Code.VP_FROM_APIC, apicInput([0], { partition: other }), one),
  ),
  'apic-id-higher-vtl': alike(0x06, (profile) =>
    status(create({ profile }), Code.VP_FROM_APIC, apicInput([0], { vtl: use(1) }), one),
  ),
  'apic-id-unknown': alike(0x05, (profile) => status(create({ profile }), Code.VP_FROM_APIC, apicInput([7]), one)),
} as const;
