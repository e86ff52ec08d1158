import { describe, test } from 'node:test';
import { contractSuite } from '../../lib/testing/index.js';
import { emulatedHost } from './hosts/emulated.js';
import { pinNotApplicable } from './not-applicable.js';

pinNotApplicable(emulatedHost, contractSuite(emulatedHost, { describe, test }));
