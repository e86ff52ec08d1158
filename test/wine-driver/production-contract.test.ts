import { describe, test } from 'node:test';
import { contractSuite } from '../../lib/testing/index.js';
import { wineProductionHost } from '../contract/hosts/wine-driver.js';
import { pinNotApplicable } from '../contract/not-applicable.js';

const host = wineProductionHost();
pinNotApplicable(host, contractSuite(host, { describe, test }));
