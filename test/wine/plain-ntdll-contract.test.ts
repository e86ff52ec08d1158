import { describe, test } from 'node:test';
import { contractSuite } from '../../lib/testing/index.js';
import { plainNtdllHost } from '../contract/hosts/plain-ntdll.js';
import { pinNotApplicable } from '../contract/not-applicable.js';

const host = plainNtdllHost();
const notApplicable = contractSuite(host, { describe, test });
const scripted = 'labels are a few real processes here, and nothing is scripted';
const expected =
  host.seenOn === 'Wine'
    ? { 'this system does not answer the extended query': 43, [scripted]: 6 }
    : { 'the extended query is answered here': 2, [scripted]: 48 };
pinNotApplicable(host, notApplicable, expected);
