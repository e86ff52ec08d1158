/** Rows about the secure kernel: what it lets out of VTL1, whom it lets in, and how a driver asks before it acts. */
import type { Behaviour } from './row.js';

const TRUSTLETS = 'seed, Trustlets; facts/vsm.md 3.3';
const IMPLICATIONS = 'seed, Implications; facts/vsm.md 3.10';

export const secureKernelRows: readonly Behaviour[] = [
  {
    id: 'B18',
    statement: 'The Windows system calls of a trustlet are marshalled to the NT kernel, which runs in ring 0 of VTL0.',
    does: 'VTL1 returns to VTL0 for each such call and is called again with NT’s reply: the log shows both switches.',
    outcome: 'marshalled',
    alternatives: ['served-in-vtl1'],
    policy: null,
    evidence: 'documented',
    source: TRUSTLETS,
    test: {
      file: 'secure-kernel.test.js',
      title: 'a system call of a trustlet goes from VTL1 to NT in VTL0 and back, with the status of NT',
    },
  },
  {
    id: 'B19',
    statement: 'Marshalling copies what the system call declares of its arguments, and nothing beside it.',
    does: '`declared-bytes`: VTL0 finds these in the page of the call. `whole-pages`: it finds what lies behind them too.',
    outcome: 'declared-bytes',
    alternatives: ['whole-pages'],
    policy: null,
    evidence: 'derived',
    source: TRUSTLETS,
    test: {
      file: 'secure-kernel.test.js',
      title: 'NT gets the declared bytes of the arguments and no other byte of the trustlet',
    },
  },
  {
    id: 'B29',
    statement: 'Code in VTL1 cannot be debugged from VTL0.',
    does: '`debuggable-only`: only a debugger that the secure kernel has let in reaches a trustlet’s registers and memory.',
    outcome: 'debuggable-only',
    alternatives: ['always'],
    policy: null,
    evidence: 'documented',
    source: IMPLICATIONS,
    test: {
      file: 'secure-kernel.test.js',
      title:
        'VTL0 neither steps nor stops code of VTL1, and the secure kernel does it for no debugger it has not let in',
    },
  },
  {
    id: 'B30',
    statement: 'Dumps do not give away a trustlet’s memory to whoever debugs later.',
    does: '`image-policy`: a dump has none of a trustlet’s pages or, where its CrashDump policy says so, all of them encrypted.',
    outcome: 'image-policy',
    alternatives: ['plaintext'],
    policy: null,
    evidence: 'derived',
    source: IMPLICATIONS,
    test: {
      file: 'secure-kernel.test.js',
      title: 'a live dump of a trustlet has none of its pages, or all of them encrypted, by the image’s policy',
    },
  },
  {
    id: 'B45',
    statement: 'A driver that queues APCs to processes it did not make should ask first too.',
    does: '`asks-first`: the emulated driver’s guarded path asks IsSecureProcess and queues nothing to a trustlet.',
    outcome: 'asks-first',
    alternatives: ['never-asks'],
    policy: null,
    evidence: 'documented',
    source: 'seed, Implications',
    test: { file: 'secure-kernel.test.js', title: 'a driver that asks first queues no APC to a trustlet' },
  },
  {
    id: 'B51',
    statement: 'IsSecureProcess is paged code: it runs at IRQL APC_LEVEL (1) or below.',
    does: 'Called above this IRQL the emulated copy’s PAGED_CODE asserts.',
    outcome: 1,
    alternatives: [0, 2],
    policy: null,
    evidence: 'documented',
    source: 'seed, sample; facts/nt.md 8',
    test: { file: 'secure-kernel.test.js', title: 'IsSecureProcess asserts above APC_LEVEL' },
  },
  {
    id: 'N14',
    statement:
      'An image that lacks a trustlet’s signature or policy, or is started under another ID, becomes no trustlet.',
    does: 'Its start fails with this status.',
    outcome: 'STATUS_INVALID_IMAGE_HASH',
    alternatives: ['STATUS_ACCESS_DENIED'],
    policy: 'trustlet-image-refusal',
    evidence: 'assumed',
    source: 'facts/vsm.md 3.6 (status open)',
    test: {
      file: 'secure-kernel.test.js',
      title: 'an image without both key usages, without a policy or under another ID is refused',
    },
  },
  {
    id: 'N15',
    statement: 'Only who holds a trustlet’s mailbox key empties its mailbox.',
    does: 'With another key retrieving fails with this status.',
    outcome: 'STATUS_ACCESS_DENIED',
    alternatives: ['STATUS_INVALID_PARAMETER', 'STATUS_OBJECT_NAME_NOT_FOUND'],
    policy: 'mailbox-wrong-key',
    evidence: 'assumed',
    source: 'facts/vsm.md 3.8 (status open)',
    test: { file: 'secure-kernel.test.js', title: 'a mailbox opens for its key alone' },
  },
  {
    id: 'N16',
    statement: 'Whether retrieving a message takes it out of the mailbox is not verified.',
    does: '`emptied`: the slot is empty afterwards. `kept`: the message can be retrieved again.',
    outcome: 'emptied',
    alternatives: ['kept'],
    policy: 'mailbox-retrieval',
    evidence: 'assumed',
    source: 'facts/vsm.md 3.8',
    test: { file: 'secure-kernel.test.js', title: 'a message that was retrieved is no longer in the mailbox' },
  },
];
