import { describe, test } from 'node:test';
import { contractSuite } from '../../lib/testing/index.js';
import { buildNtsim } from '../support/ntsim.js';
import { ntsimHost } from './hosts/ntsim.js';
import { pinNotApplicable } from './not-applicable.js';

const host = ntsimHost(await buildNtsim(), 'simulated kernel');
pinNotApplicable(host, contractSuite(host, { describe, test }));
