/** R50 to R54: words as they are built. */
import assert from 'node:assert/strict';
import {
  Control,
  encodeFields,
  VsmCodePageOffsets,
  VsmPartitionConfig,
  VsmVina,
} from '../../../../../lib/emulator/hypervisor/bit-layouts.js';
import { create, enterLongMode, get, mapIdentity, Name, secure, set } from '../guest.js';
import type { ReferenceVector } from './vector.js';

export const encodingVectors: readonly ReferenceVector[] = [
  {
    id: 'R50',
    profile: 'derived',
    what: 'VsmPartitionConfig that enables with all rights is 0x1F',
    run: () => {
      assert.equal(encodeFields(VsmPartitionConfig, { enableVtlProtection: 1, defaultVtlProtectionMask: 0xf }), 0x1fn);
      const hv = secure();
      assert.equal(set(hv, Name.CONFIG, 0x1fn), 0);
      assert.equal(get(hv, Name.CONFIG), 0x1fn);
    },
  },
  {
    id: 'R51',
    profile: 'derived',
    what: 'VsmPartitionConfig that enables with read and execute is 0x1B, which OpenHCL refuses',
    run: () => {
      assert.equal(encodeFields(VsmPartitionConfig, { enableVtlProtection: 1, defaultVtlProtectionMask: 0xd }), 0x1bn);
      assert.equal(set(secure({ profile: 'openhcl' }), Name.CONFIG, 0x1bn), 0x50);
    },
  },
  {
    id: 'R52',
    profile: 'openhcl',
    what: 'VsmCodePageOffsets are 0x0002600F in long mode and 0x0001B004 otherwise',
    run: () => {
      assert.equal(encodeFields(VsmCodePageOffsets, { vtlCallOffset: 0x0f, vtlReturnOffset: 0x26 }), 0x0002_600fn);
      assert.equal(encodeFields(VsmCodePageOffsets, { vtlCallOffset: 0x04, vtlReturnOffset: 0x1b }), 0x0001_b004n);
      const hv = create({ profile: 'openhcl' });
      assert.equal(get(hv, Name.CODE_PAGE_OFFSETS), 0x0001_b004n);
      mapIdentity(hv);
      enterLongMode(hv);
      assert.equal(get(hv, Name.CODE_PAGE_OFFSETS), 0x0002_600fn);
    },
  },
  {
    id: 'R53',
    profile: 'derived',
    what: 'VINA on vector 0x30 with automatic reset is 0x330',
    run: () => assert.equal(encodeFields(VsmVina, { vector: 0x30, enabled: 1, autoReset: 1 }), 0x330n),
  },
  {
    id: 'R54',
    profile: 'derived',
    what: 'the control word of a fast SetVpRegisters of one register is 0x0000000100010051',
    run: () => assert.equal(encodeFields(Control, { code: 0x51, fast: 1, repCount: 1 }), 0x0000_0001_0001_0051n),
  },
];
