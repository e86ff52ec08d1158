import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { contractSuite } from '../../lib/testing/index.js';
import { ntsimHost } from '../contract/hosts/ntsim.js';
import { pinNotApplicable } from '../contract/not-applicable.js';

// The harness builds it before it starts node.exe.
const library = fileURLToPath(new URL('../../../build/ntsim/ntsim.dll', import.meta.url));
const host = ntsimHost(library, 'Wine');
pinNotApplicable(host, contractSuite(host, { describe, test }), { 'the extended query is answered here': 2 });
