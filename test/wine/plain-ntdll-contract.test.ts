import { describe, test } from 'node:test';
import { contractSuite } from '../../lib/testing/index.js';
import { plainNtdllHost } from '../contract/hosts/plain-ntdll.js';
import { pinNotApplicable } from '../contract/not-applicable.js';

const host = plainNtdllHost();
pinNotApplicable(host, contractSuite(host, { describe, test }));
