import { describe, test } from 'node:test';
import { contractSuite } from '../../lib/testing/index.js';
import { buildHostAddon } from '../support/host-addon.js';
import { hostDevice } from './hosts/host-device.js';
import { pinNotApplicable } from './not-applicable.js';

const host = hostDevice(await buildHostAddon());
pinNotApplicable(host, contractSuite(host, { describe, test }));
