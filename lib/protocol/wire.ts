/**
 * The wire protocol’s numbers: codes, limits, enumerations, sizes and offsets in bytes. Written by `npm run protocol` from
 * protocol/schema.ts; do not edit. What they mean: docs/protocol.md.
 */

/** A member: where it is and how long. The two headers have 16 bytes, every other member is an unsigned integer. */
export interface WireField {
  readonly offset: number;
  readonly bytes: number;
}

/** A structure: its size now, in version 1, and its members. */
export interface WireStructure {
  readonly size: number;
  readonly v1Size: number;
  readonly fields: Readonly<Record<string, WireField>>;
}

export const wire = {
  versionMin: 1,
  versionMax: 1,
  /** major << 16 | minor << 8 | patch, of package.json. */
  driverVersion: 0x100,
  /** Pids in one QUERY. */
  maxPids: 4096,
  /** Largest replySize, recordSize or size of a request that is understood. */
  maxFixedSize: 1024,
  /** Always refused on a trustlet. */
  isolationOperations: 0xfff,
  /** Refused on a trustlet unless accepted by name. */
  availabilityOperations: 0x7000,
  /** Act on a process handle. */
  processOperations: 0x6b7e,
  /** Act on a thread handle. */
  threadOperations: 0x1481,
  /** The messages by name: number, IOCTL code, and the names of their structures. */
  messages: {
    HELLO: { number: 1, code: 0x8e546404, request: 'HelloRequest', reply: 'HelloReply', record: null },
    QUERY: { number: 2, code: 0x8e546408, request: 'QueryRequest', reply: 'QueryReply', record: 'ProcessRecord' },
    CENSUS: { number: 3, code: 0x8e54640c, request: 'CensusRequest', reply: 'CensusReply', record: 'ProcessRecord' },
    EXAMINE: { number: 4, code: 0x8e546410, request: 'ExamineRequest', reply: 'ExamineReply', record: 'ProcessRecord' },
    GUARD: { number: 5, code: 0x8e546414, request: 'GuardRequest', reply: 'GuardReply', record: 'ProcessRecord' },
    STATS: { number: 6, code: 0x8e546418, request: 'StatsRequest', reply: 'StatsReply', record: 'RefusalRecord' },
  },
  enums: {
    /** What a process is. */
    Verdict: {
      unknown: 0,
      ordinary: 1,
      secure: 2,
    },
    /** How it is known. */
    Evidence: {
      assumed: 0,
      derived: 1,
      observed: 2,
      documented: 3,
    },
    /** Why a verdict or a decision is what it is. */
    Reason: {
      'query-failed': 0,
      exiting: 1,
      gone: 2,
      'identity-mismatch': 3,
      'access-denied': 4,
      'idle-process': 5,
      'downlevel-bit': 6,
      'secure-bit-set': 7,
      'secure-bit-clear': 8,
      ordinary: 9,
      secure: 10,
      availability: 11,
      'availability-accepted': 12,
      'invalid-handle': 13,
      'rights-denied': 14,
      'query-right-denied': 15,
      'thread-mismatch': 16,
      'thread-exited': 17,
      'deciders-disagree': 18,
    },
    /** May the caller act. */
    Decision: {
      refuse: 0,
      allow: 1,
    },
    /** Is it who was expected; unchecked: nobody was, or nothing is known of the object. */
    Identity: {
      unchecked: 0,
      same: 1,
      other: 2,
    },
    /** State of an examined thread; unpaired: it would not say. */
    Thread: {
      none: 0,
      paired: 1,
      unpaired: 2,
      exited: 3,
    },
    /** Kind of a handle’s object. */
    Kind: {
      process: 1,
      thread: 2,
    },
    /** Members of an identity that are expected. */
    Expect: {
      pid: 1,
      'create-time': 2,
      'start-key': 4,
    },
    /** RESUME: only what comes after the cursor. */
    CensusRequestFlag: {
      resume: 1,
    },
    /** MORE: processes are left; ask again with RESUME and this reply’s cursor. */
    CensusReplyFlag: {
      more: 1,
    },
    /** Members of a ProcessRecord that say something; REUSED: the pid was listed as one process and answered as another. */
    Present: {
      'extended-status': 1,
      flags: 2,
      protection: 4,
      classification: 8,
      parent: 0x10,
      session: 0x20,
      'create-time': 0x40,
      'start-key': 0x80,
      name: 0x100,
      reused: 0x200,
    },
    /** What the driver can do on this system. */
    Capability: {
      query: 1,
      census: 2,
      examine: 4,
      guard: 8,
      stats: 0x10,
      'start-key': 0x100,
    },
    /** The guarded operations, as bits of a mask. */
    Operation: {
      'queue-apc': 1,
      'create-thread': 2,
      allocate: 4,
      read: 8,
      write: 0x10,
      'map-section': 0x20,
      'load-library': 0x40,
      'set-context': 0x80,
      debug: 0x100,
      dump: 0x200,
      'set-windows-hook': 0x400,
      'set-information': 0x800,
      suspend: 0x1000,
      terminate: 0x2000,
      'duplicate-handle': 0x4000,
    },
  },
  structures: {
    /** Begins every request. */
    RequestHeader: {
      size: 16,
      v1Size: 16,
      fields: {
        size: { offset: 0, bytes: 4 },
        version: { offset: 4, bytes: 2 },
        message: { offset: 6, bytes: 2 },
        replySize: { offset: 8, bytes: 4 },
        recordSize: { offset: 12, bytes: 4 },
      },
    },
    /** Begins every reply. */
    ReplyHeader: {
      size: 16,
      v1Size: 16,
      fields: {
        size: { offset: 0, bytes: 4 },
        version: { offset: 4, bytes: 2 },
        message: { offset: 6, bytes: 2 },
        recordSize: { offset: 8, bytes: 4 },
        recordCount: { offset: 12, bytes: 4 },
      },
    },
    /** What was found out about one process, and its judgement. */
    ProcessRecord: {
      size: 64,
      v1Size: 64,
      fields: {
        pid: { offset: 0, bytes: 4 },
        parentPid: { offset: 4, bytes: 4 },
        openStatus: { offset: 8, bytes: 4 },
        extendedStatus: { offset: 12, bytes: 4 },
        flags: { offset: 16, bytes: 4 },
        present: { offset: 20, bytes: 4 },
        createTime: { offset: 24, bytes: 8 },
        startKey: { offset: 32, bytes: 8 },
        sessionId: { offset: 40, bytes: 4 },
        status: { offset: 44, bytes: 4 },
        verdict: { offset: 48, bytes: 1 },
        reason: { offset: 49, bytes: 1 },
        evidence: { offset: 50, bytes: 1 },
        protection: { offset: 51, bytes: 1 },
        classification: { offset: 52, bytes: 1 },
        reserved: { offset: 53, bytes: 1 },
        nameLength: { offset: 54, bytes: 2 },
        nameOffset: { offset: 56, bytes: 4 },
        reserved2: { offset: 60, bytes: 4 },
      },
    },
    /** How often the guard refused an operation for a reason. */
    RefusalRecord: {
      size: 16,
      v1Size: 16,
      fields: {
        operation: { offset: 0, bytes: 4 },
        reason: { offset: 4, bytes: 4 },
        count: { offset: 8, bytes: 8 },
      },
    },
    /** Opens a conversation. */
    HelloRequest: {
      size: 24,
      v1Size: 24,
      fields: {
        header: { offset: 0, bytes: 16 },
        minVersion: { offset: 16, bytes: 2 },
        maxVersion: { offset: 18, bytes: 2 },
        reserved: { offset: 20, bytes: 4 },
      },
    },
    /** Who is there. Its first 72 bytes are the same in every version. */
    HelloReply: {
      size: 72,
      v1Size: 72,
      fields: {
        header: { offset: 0, bytes: 16 },
        version: { offset: 16, bytes: 2 },
        minVersion: { offset: 18, bytes: 2 },
        maxVersion: { offset: 20, bytes: 2 },
        reserved: { offset: 22, bytes: 2 },
        driverVersion: { offset: 24, bytes: 4 },
        capabilities: { offset: 28, bytes: 4 },
        osMajor: { offset: 32, bytes: 4 },
        osMinor: { offset: 36, bytes: 4 },
        osBuild: { offset: 40, bytes: 4 },
        isolatedUserModeStatus: { offset: 44, bytes: 4 },
        isolatedUserModeFlags: { offset: 48, bytes: 4 },
        maxPids: { offset: 52, bytes: 4 },
        maxFixedSize: { offset: 56, bytes: 4 },
        operations: { offset: 60, bytes: 4 },
        processRecordSize: { offset: 64, bytes: 4 },
        reserved2: { offset: 68, bytes: 4 },
      },
    },
    /** Asks about processes by pid. */
    QueryRequest: {
      size: 24,
      v1Size: 24,
      fields: {
        header: { offset: 0, bytes: 16 },
        pidCount: { offset: 16, bytes: 4 },
        reserved: { offset: 20, bytes: 4 },
      },
    },
    /** One record for each pid, in the order asked. */
    QueryReply: {
      size: 16,
      v1Size: 16,
      fields: {
        header: { offset: 0, bytes: 16 },
      },
    },
    /** Asks about every process, from the first on or after a cursor. */
    CensusRequest: {
      size: 40,
      v1Size: 40,
      fields: {
        header: { offset: 0, bytes: 16 },
        flags: { offset: 16, bytes: 4 },
        cursorPid: { offset: 20, bytes: 4 },
        cursorSequence: { offset: 24, bytes: 8 },
        cursorCreateTime: { offset: 32, bytes: 8 },
      },
    },
    /** The processes that fit, in the order of (sequence, create time, pid). */
    CensusReply: {
      size: 48,
      v1Size: 48,
      fields: {
        header: { offset: 0, bytes: 16 },
        flags: { offset: 16, bytes: 4 },
        nextPid: { offset: 20, bytes: 4 },
        nextSequence: { offset: 24, bytes: 8 },
        nextCreateTime: { offset: 32, bytes: 8 },
        total: { offset: 40, bytes: 4 },
        remaining: { offset: 44, bytes: 4 },
      },
    },
    /** Asks about the very object behind a handle. */
    ExamineRequest: {
      size: 64,
      v1Size: 64,
      fields: {
        header: { offset: 0, bytes: 16 },
        handle: { offset: 16, bytes: 8 },
        kind: { offset: 24, bytes: 4 },
        expectedAccess: { offset: 28, bytes: 4 },
        expect: { offset: 32, bytes: 4 },
        expectedPid: { offset: 36, bytes: 4 },
        expectedCreateTime: { offset: 40, bytes: 8 },
        expectedStartKey: { offset: 48, bytes: 8 },
        reserved: { offset: 56, bytes: 8 },
      },
    },
    /** What the handle names. */
    ExamineReply: {
      size: 40,
      v1Size: 40,
      fields: {
        header: { offset: 0, bytes: 16 },
        referenceStatus: { offset: 16, bytes: 4 },
        grantedAccess: { offset: 20, bytes: 4 },
        tid: { offset: 24, bytes: 4 },
        threadStatus: { offset: 28, bytes: 4 },
        identity: { offset: 32, bytes: 1 },
        thread: { offset: 33, bytes: 1 },
        accessSufficient: { offset: 34, bytes: 1 },
        reserved: { offset: 35, bytes: 1 },
        reserved2: { offset: 36, bytes: 4 },
      },
    },
    /** EXAMINE, and what is intended. */
    GuardRequest: {
      size: 72,
      v1Size: 72,
      fields: {
        header: { offset: 0, bytes: 16 },
        handle: { offset: 16, bytes: 8 },
        kind: { offset: 24, bytes: 4 },
        expectedAccess: { offset: 28, bytes: 4 },
        expect: { offset: 32, bytes: 4 },
        expectedPid: { offset: 36, bytes: 4 },
        expectedCreateTime: { offset: 40, bytes: 8 },
        expectedStartKey: { offset: 48, bytes: 8 },
        reserved: { offset: 56, bytes: 8 },
        operations: { offset: 64, bytes: 4 },
        accepted: { offset: 68, bytes: 4 },
      },
    },
    /** EXAMINE’s answer, and the decision. */
    GuardReply: {
      size: 48,
      v1Size: 48,
      fields: {
        header: { offset: 0, bytes: 16 },
        referenceStatus: { offset: 16, bytes: 4 },
        grantedAccess: { offset: 20, bytes: 4 },
        tid: { offset: 24, bytes: 4 },
        threadStatus: { offset: 28, bytes: 4 },
        identity: { offset: 32, bytes: 1 },
        thread: { offset: 33, bytes: 1 },
        accessSufficient: { offset: 34, bytes: 1 },
        reserved: { offset: 35, bytes: 1 },
        reserved2: { offset: 36, bytes: 4 },
        decision: { offset: 40, bytes: 1 },
        verdict: { offset: 41, bytes: 1 },
        reason: { offset: 42, bytes: 1 },
        evidence: { offset: 43, bytes: 1 },
        status: { offset: 44, bytes: 4 },
      },
    },
    /** Asks for the counters. */
    StatsRequest: {
      size: 16,
      v1Size: 16,
      fields: {
        header: { offset: 0, bytes: 16 },
      },
    },
    /** Counters since the driver was loaded; they say how often, never who. */
    StatsReply: {
      size: 128,
      v1Size: 128,
      fields: {
        header: { offset: 0, bytes: 16 },
        opens: { offset: 16, bytes: 8 },
        openNow: { offset: 24, bytes: 8 },
        requests: { offset: 32, bytes: 8 },
        rejected: { offset: 40, bytes: 8 },
        cancelled: { offset: 48, bytes: 8 },
        records: { offset: 56, bytes: 8 },
        secure: { offset: 64, bytes: 8 },
        ordinary: { offset: 72, bytes: 8 },
        unknown: { offset: 80, bytes: 8 },
        allowed: { offset: 88, bytes: 8 },
        refused: { offset: 96, bytes: 8 },
        poolBlocks: { offset: 104, bytes: 8 },
        censusRestarts: { offset: 112, bytes: 8 },
        refusalRows: { offset: 120, bytes: 4 },
        reserved: { offset: 124, bytes: 4 },
      },
    },
  },
} as const;

type Widened<T> = T extends number ? number : T extends string | null ? T : { readonly [K in keyof T]: Widened<T[K]> };

/** A protocol of this form: this one, or in tests an older or a newer one. */
export type Wire = Widened<typeof wire>;
