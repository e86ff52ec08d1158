import { describe, test } from 'node:test';
import { contractSuite } from '../../lib/testing/index.js';
import { simulatedKernelLibrary } from '../support/ntsim-library.js';
import { ntsimHost } from './hosts/ntsim.js';
import { pinNotApplicable } from './not-applicable.js';

const host = ntsimHost(await simulatedKernelLibrary(), 'simulated kernel');
pinNotApplicable(host, contractSuite(host, { describe, test }), { 'the extended query is answered here': 2 });
