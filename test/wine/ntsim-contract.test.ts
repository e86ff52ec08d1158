import { describe, test } from 'node:test';
import { contractSuite } from '../../lib/testing/index.js';
import { holdToTranscript } from '../contract/golden-transcript.js';
import { ntsimHost } from '../contract/hosts/ntsim.js';
import { pinNotApplicable } from '../contract/not-applicable.js';
import { ntsimLibrary } from '../support/ntsim.js';

// The harness builds the library before it starts node.exe.
const host = ntsimHost(ntsimLibrary, 'Wine');
pinNotApplicable(host, contractSuite(host, { describe, test }));
holdToTranscript(host, []);
