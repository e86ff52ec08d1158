// Loaded before a test file by flip-behaviours.mjs: puts another outcome into one behaviour row.
import { flipOutcome } from '../dist/lib/emulator/behaviours/current.js';

const { TRUSTLET_FLIP } = process.env;
if (TRUSTLET_FLIP !== undefined) {
  const { id, outcome } = JSON.parse(TRUSTLET_FLIP);
  flipOutcome(id, outcome);
}
