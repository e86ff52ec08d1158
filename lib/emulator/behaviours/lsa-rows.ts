/** Rows about LSASS, LsaIso and what lies between them. */
import type { Behaviour } from './row.js';

const TRUSTLETS = 'seed, Trustlets; facts/vsm.md 4';

export const lsaRows: readonly Behaviour[] = [
  {
    id: 'B23',
    statement: 'With VSM on, the part of LSA that has the secrets runs as a trustlet.',
    does: 'The trustlet with this id is LsaIso: LSASS has its secrets kept by it.',
    outcome: 1,
    alternatives: [2, 4],
    policy: null,
    evidence: 'documented',
    source: `${TRUSTLETS}; facts/vsm.md 3.7 for the id`,
    test: { file: 'lsa.test.js', title: 'the trustlet with id 1 is LsaIso, and LSASS has its secrets kept there' },
  },
  {
    id: 'B25',
    statement: 'LSAISO runs in VTL1 and LSASS talks to it by RPC.',
    does: 'LsaIso listens at this port, where LSASS asks. Where nobody answers, LSASS has no single sign-on and keeps nothing (assumed).',
    outcome: 'LSA_ISO_RPC_SERVER',
    alternatives: ['none'],
    policy: null,
    evidence: 'documented',
    source: TRUSTLETS,
    test: { file: 'lsa.test.js', title: 'LsaIso answers LSASS at the port LSA_ISO_RPC_SERVER' },
  },
  {
    id: 'B26',
    statement: 'LSAISO encrypts its secrets before they go to LSASS.',
    does: '`encrypted`: LSASS gets blobs, each under a key of its own that comes from the boot’s key. `plain`: it gets the secrets.',
    outcome: 'encrypted',
    alternatives: ['plain'],
    policy: null,
    evidence: 'documented',
    source: `${TRUSTLETS}.3`,
    test: { file: 'lsa.test.js', title: 'what LsaIso gives LSASS to keep is encrypted, anew each time' },
  },
  {
    id: 'N13',
    statement:
      'With Credential Guard there is no single sign-on with NTLMv1, yet LsaIso’s interface has an operation that computes its response.',
    does: 'The operation is refused with this status. `answered`: it computes the response, which gives the hash away to a search of DES keys.',
    outcome: 'STATUS_NOT_SUPPORTED',
    alternatives: ['STATUS_ACCESS_DENIED', 'answered'],
    policy: 'ntlmv1-with-credential-guard',
    evidence: 'assumed',
    source: 'facts/vsm.md 4.1 and 4.2 (op 3); the status is open',
    test: { file: 'lsa.test.js', title: 'LsaIso refuses NTLMv1, where LSASS alone answers it' },
  },
];
