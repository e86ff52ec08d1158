import { after, describe, test } from 'node:test';
import { contractSuite } from '../../lib/testing/index.js';
import { wineDriverHost } from '../contract/hosts/wine-driver.js';
import { pinNotApplicable } from '../contract/not-applicable.js';

const host = wineDriverHost();
pinNotApplicable(host, contractSuite(host, { describe, test }));
after(host.end);
