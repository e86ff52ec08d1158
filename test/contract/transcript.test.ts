import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHostAddon } from '../support/host-addon.js';
import { lineDiff } from '../support/line-diff.js';
import { buildNtsim } from '../support/ntsim.js';
import { holdToTranscript } from './golden-transcript.js';
import { emulatedHost } from './hosts/emulated.js';
import { hostDevice } from './hosts/host-device.js';
import { ntsimHost } from './hosts/ntsim.js';

holdToTranscript(emulatedHost, []);
holdToTranscript(ntsimHost(await buildNtsim(), 'simulated kernel'), []);
holdToTranscript(hostDevice(await buildHostAddon()), []);

test('a difference is shown with the lines around it, and nothing where there is none', () => {
  const kept = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].join('\n');
  assert.equal(lineDiff(kept, kept), '');
  assert.equal(
    lineDiff(kept, kept.replace('two\n', '').replace('nine', 'NINE')),
    ['  one', '- two', '  three', '  four', '…', '  seven', '  eight', '- nine', '+ NINE', '  ten'].join('\n'),
  );
  assert.equal(lineDiff('one', 'one\ntwo'), '  one\n+ two');
});
