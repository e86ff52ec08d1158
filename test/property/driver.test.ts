/**
 * The driver backend against a driver that may say anything. An answer is believed only where the very bytes say it, by an oracle that reads
 * them at offsets of its own (docs/protocol.md); everything else is an error, and no process is `ordinary` out of thin air.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TrustletError } from '../../lib/errors.js';
import type { IoctlResult } from '../../lib/native/binding.js';
import type { MessageName } from '../../lib/protocol/index.js';
import type { ProcessFacts } from '../../lib/types.js';
import { Vsm } from '../../lib/vsm.js';
import { type DriverBench, driverBench } from '../support/driver-bench.js';

const RUNS = Number(process.env['TRUSTLET_RUNS'] ?? 1000);
const parameters = { numRuns: RUNS };

const u8 = fc.nat({ max: 0xff });
const u32 = fc.nat({ max: 0xffffffff });

/** What becomes of a true reply. */
type Bend = (reply: Uint8Array) => Uint8Array | IoctlResult;

const overwritten = fc
  .array(fc.tuple(fc.nat({ max: 127 }), fc.oneof(u8, fc.constantFrom(0, 1, 2, 0x80, 0xff))), {
    minLength: 1,
    maxLength: 6,
  })
  .map(
    (writes): Bend =>
      (reply) => {
        const bytes = reply.slice();
        for (const [at, value] of writes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      },
  );
const wordOverwritten = fc.tuple(fc.nat({ max: 31 }), fc.oneof(u32, fc.constantFrom(0, 1, 0x7fffffff, 0xffffffff))).map(
  ([word, value]): Bend =>
    (reply) => {
      const bytes = reply.slice();
      if (word * 4 + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(word * 4, value, true);
      return bytes;
    },
);
const cut = fc.nat({ max: 200 }).map(
  (by): Bend =>
    (reply) =>
      reply.subarray(0, Math.max(0, reply.length - by)),
);
const anything = fc.uint8Array({ maxLength: 200 }).map(
  (bytes): Bend =>
    () =>
      bytes,
);
const zeroed = fc.constant<Bend>((reply) => new Uint8Array(reply.length));
const failed = fc.oneof(u32, fc.constantFrom(0xc0000022, 0xc0000023, 0xc000009d)).map(
  (status): Bend =>
    () =>
      -status,
);
const saidLonger = fc.nat({ max: 400 }).map(
  (by): Bend =>
    (reply) =>
      reply.length + by,
);
const bend: fc.Arbitrary<Bend> = fc.oneof(
  { weight: 4, arbitrary: overwritten },
  { weight: 4, arbitrary: wordOverwritten },
  cut,
  anything,
  zeroed,
  failed,
  saidLonger,
);

const word = (bytes: Uint8Array, at: number): number =>
  at + 4 <= bytes.length ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true) : Number.NaN;

/** Whether these bytes say that a process is no trustlet: a clear bit 7 and a clear bit 2 of an extended query that succeeded. */
const saysOrdinary = (reply: Uint8Array, pid: number): boolean => {
  const [size, stride, count] = [word(reply, 0), word(reply, 8), word(reply, 12)];
  for (let index = 0; index < Math.min(count, 8); index += 1) {
    const record = size + index * stride;
    const [openStatus, extended, flags, present] = [8, 12, 16, 20].map((at) => word(reply, record + at));
    if (word(reply, record) !== pid || openStatus === undefined || flags === undefined || present === undefined)
      continue;
    const answered = (openStatus | 0) >= 0 && (present & 3) === 3 && extended === 0;
    if (answered && (present & 0x200) === 0 && (flags & 0x84) === 0) return true;
  }
  return false;
};

/** A bench whose driver’s replies to one message are bent, and all that it then sent, the last first. */
const bentBench = (
  message: MessageName,
  how: Bend,
): { readonly bench: DriverBench; readonly sent: readonly Uint8Array[] } => {
  const bench = driverBench();
  const { driver } = bench.binding;
  const { ioctl } = driver;
  const sent: Uint8Array[] = [];
  driver.lies.set(message, how);
  driver.ioctl = (code, input, output) => {
    const result = ioctl.call(driver, code, input, output);
    if (driver.asked.at(-1) === message) sent.unshift(output.slice(0, Math.max(0, result)));
    return result;
  };
  return { bench, sent };
};

const BELIEVED_OR: readonly string[] = ['ERR_TRUSTLET_PROTOCOL', 'ERR_TRUSTLET_BACKEND'];

/** What a question comes to: an answer, or one of the two errors. */
const answerOf = <T>(ask: () => T, also: readonly string[] = []): T | null => {
  try {
    return ask();
  } catch (error) {
    assert.ok(error instanceof TrustletError, String((error as Error).stack));
    assert.ok([...BELIEVED_OR, ...also].includes(error.code), `${error.code}: ${error.message}`);
    return null;
  }
};

const requireSaid = (facts: readonly ProcessFacts[], sent: readonly Uint8Array[]): void => {
  for (const { verdict, pid } of facts) {
    assert.ok(verdict !== 'ordinary' || sent.some((reply) => saysOrdinary(reply, pid)), `pid ${pid} out of thin air`);
  }
};

describe('whatever a driver says', () => {
  test('to QUERY: facts that the bytes say, or an error', () => {
    fc.assert(
      fc.property(bend, (how) => {
        const { bench, sent } = bentBench('QUERY', how);
        using vsm = new Vsm(bench.open(), undefined);
        const facts = answerOf(() => vsm.query(104));
        if (facts !== null) requireSaid([facts], sent.slice(0, 1));
        const many = answerOf(() => vsm.queryMany([104, 108, 4444]));
        if (many === null) return;
        assert.deepEqual(
          many.map(({ pid }) => pid),
          [104, 108, 4444],
        );
        requireSaid(many, sent.slice(0, 1));
      }),
      parameters,
    );
  });

  test('to CENSUS: records that the bytes have, or an error', () => {
    fc.assert(
      fc.property(bend, (how) => {
        const { bench, sent } = bentBench('CENSUS', how);
        using vsm = new Vsm(bench.open(), undefined);
        const facts = answerOf(() => [...vsm.census()]);
        if (facts !== null) requireSaid(facts, sent);
      }),
      { numRuns: Math.ceil(RUNS / 4) },
    );
  });

  test('to EXAMINE and GUARD: the guard enters only where the bytes allow it and say whom, and lets go of every handle', () => {
    fc.assert(
      fc.property(bend, fc.constantFrom(100, 104, 108), fc.boolean(), (how, pid, accepts) => {
        const { bench, sent } = bentBench('GUARD', how);
        using vsm = new Vsm(bench.open(), undefined);
        const accept = accepts ? (['terminate'] as const) : [];
        const entered = answerOf(
          () => vsm.guard.run(pid, 'terminate', (held) => held.facts.verdict, { accept }),
          ['ERR_TRUSTLET_REFUSED'],
        );
        assert.equal(bench.source.openHandles.size, 0);
        if (entered !== null) {
          const [reply] = sent;
          assert.ok(reply !== undefined);
          assert.equal(reply[40], 1, 'the driver allows');
          assert.equal(word(reply, word(reply, 0)), pid, 'it is about the pid that was asked for');
          assert.equal((word(reply, 20) & 0x1001) >>> 0, 0x1001, 'the handle has the rights');
          assert.ok(saysOrdinary(reply, pid) || (accepts && reply[41] === 2), 'ordinary, or accepted on a trustlet');
        }
        bench.binding.driver.lies.set('EXAMINE', how);
        answerOf(() => vsm.guard.check(pid, 'queue-apc'));
        assert.equal(bench.source.openHandles.size, 0);
      }),
      parameters,
    );
  });

  test('to HELLO: a driver that speaks the protocol, or none, and no device stays open', () => {
    fc.assert(
      fc.property(bend, (how) => {
        const { bench } = bentBench('HELLO', how);
        const backend = answerOf(() => bench.open());
        assert.equal(bench.binding.closed, backend === null ? 1 : 0);
        if (backend === null) return;
        assert.equal(backend.driver?.protocol, 1);
        // What it says of the system may make a clear bit mean less; a set one is believed on every Windows.
        assert.equal(new Vsm(backend, undefined).query(104).verdict, 'secure');
      }),
      parameters,
    );
  });
});

/** What happens between two requests of a census. */
interface Churn {
  /** Index among those that may end. */
  readonly ends: readonly number[];
  readonly starts: readonly {
    readonly reuses: number | null;
    readonly nameLength: number;
    readonly clockBack: boolean;
  }[];
}

const churn: fc.Arbitrary<Churn> = fc.record({
  ends: fc.array(fc.nat({ max: 30 }), { maxLength: 3 }),
  starts: fc.array(
    fc.record({
      reuses: fc.option(fc.nat({ max: 30 })),
      nameLength: fc.oneof(fc.nat({ max: 20 }), fc.constant(3000)),
      clockBack: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
});

describe('a census under churn', () => {
  test('has everyone who lives throughout exactly once, no pid twice, and nobody who never lived', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 24 }),
        fc.array(churn, { maxLength: 12 }),
        fc.integer({ min: 3, max: 8 }),
        (immortal, events, limit) => {
          const bench = driverBench();
          const { source } = bench;
          source.processes.clear();
          const immortals = new Map<number, bigint>();
          const lived = new Set<string>();
          const ended: number[] = [];
          let [clock, nextPid] = [1000n, 4];
          const start = (pid: number, createTime: bigint, name: string): void => {
            source.addProcess(pid, { createTime, name });
            lived.add(`${pid} ${createTime}`);
          };
          for (const stays of immortal) {
            clock += 10n;
            start(nextPid, clock, 'x'.repeat(nextPid % 7));
            if (stays) immortals.set(nextPid, clock);
            nextPid += 4;
          }
          const backend = bench.open();
          bench.binding.driver.censusLimit = limit;
          let asked = 0;
          bench.binding.driver.lies.set('CENSUS', (reply) => {
            const event = events[asked];
            asked += 1;
            for (const index of event?.ends ?? []) {
              const pid = [...source.processes.keys()][index];
              if (pid === undefined || immortals.has(pid)) continue;
              source.processes.delete(pid);
              ended.push(pid);
            }
            for (const { reuses, nameLength, clockBack } of event?.starts ?? []) {
              clock += 10n;
              const pid = (reuses === null ? undefined : ended.splice(reuses, 1)[0]) ?? nextPid;
              if (pid === nextPid) nextPid += 4;
              start(pid, clockBack ? clock - 900n : clock, 'y'.repeat(nameLength));
            }
            return reply;
          });
          const census = backend.census();
          const found = Array.from({ length: census.length }, (_, index) => census.record(index));
          assert.deepEqual(
            found.map(({ pid }) => pid),
            found.map((_, index) => census.pid(index)),
          );
          assert.equal(new Set(found.map(({ pid }) => pid)).size, found.length, 'a pid is listed twice');
          for (const { pid, createTime } of found) assert.ok(lived.has(`${pid} ${createTime}`), `${pid} never lived`);
          for (const [pid, createTime] of immortals) {
            assert.equal(
              found.filter((each) => each.pid === pid && each.createTime === createTime).length,
              1,
              `${pid}`,
            );
          }
        },
      ),
      parameters,
    );
  });
});

describe('a second opinion', () => {
  const number = fc.oneof(fc.nat({ max: 3 }), u8);

  test('that differs in decision or verdict always refuses, and one that is the same never does', () => {
    const opinion = fc.record({ decision: number, verdict: number, reason: u8, evidence: u8, status: u32 });
    fc.assert(
      fc.property(opinion, fc.constantFrom(100, 104, 108), fc.boolean(), (said, pid, accepts) => {
        const bench = driverBench();
        const accept = accepts ? (['terminate'] as const) : [];
        using alone = new Vsm(bench.source, undefined);
        const own = alone.guard.check(pid, 'terminate', { accept });
        bench.binding.driver.opinion = said;
        using vsm = new Vsm(bench.open(), undefined);
        let entered = false;
        answerOf(
          () =>
            vsm.guard.run(
              pid,
              'terminate',
              () => {
                entered = true;
              },
              { accept },
            ),
          ['ERR_TRUSTLET_REFUSED'],
        );
        // A number that has no name reads as what allows least.
        const decision = said.decision === 1 ? 'allow' : 'refuse';
        const verdict = said.verdict === 2 ? 'secure' : said.verdict === 1 ? 'ordinary' : 'unknown';
        const same = decision === own.decision && verdict === own.verdict;
        assert.equal(entered, same && own.decision === 'allow');
        assert.equal(vsm.guard.check(pid, 'terminate', { accept }).reason, same ? own.reason : 'deciders-disagree');
        assert.equal(bench.source.openHandles.size, 0);
      }),
      parameters,
    );
  });
});
