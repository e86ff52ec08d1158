/** The channel between LSASS and LsaIso in the hands of a compromised VTL0. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { boot, type ChannelMessage, ntHash } from '../../../../lib/emulator/index.js';
import { decodeFields, encodeFields } from '../../../../lib/emulator/lsa/fields.js';
import { encodeMessage, parseMessage } from '../../../../lib/emulator/lsa/messages.js';
import { testMachine } from '../machines.js';
import { contains, flipped, toHex } from './bytes.js';
import { ALICE, bootKeyOf, eventBytes, hostMemory, SERVER_CHALLENGE, secretsOf, withAlice } from './machines.js';

const CHALLENGE = { serverChallenge: SERVER_CHALLENGE };
const NT_HASH = ntHash(ALICE.password);

describe('the channel', () => {
  test('shows VTL0 every message as it lies in NT’s pages, and no secret of LsaIso’s', () => {
    const { machine, logon } = withAlice();
    const kernel = machine.compromisedKernel();
    const seen: ChannelMessage[] = [];
    const stop = machine.lsa.intercept((message) => {
      seen.push(message);
      assert.equal(kernel.readEverything().find(message.bytes)?.source, 'memory');
      return undefined;
    });
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0);
    stop();
    machine.lsa.ntlmResponse(logon, CHALLENGE);
    assert.deepEqual(
      seen.map(({ endpoint, direction, operation }) => [endpoint, direction, operation]),
      [
        ['LSA_ISO_RPC_SERVER', 'request', 'Lm20GetNtlm3ChallengeResponse'],
        ['LSA_ISO_RPC_SERVER', 'reply', 'Lm20GetNtlm3ChallengeResponse'],
      ],
    );
    for (const secret of [...secretsOf(ALICE), bootKeyOf(machine)]) {
      for (const { bytes } of seen) assert.equal(contains(bytes, secret), false);
    }
  });

  test('is recorded from the first compromised kernel on, and the record is part of what it has', () => {
    const { machine, logon } = withAlice();
    const kernel = machine.compromisedKernel();
    const { response } = machine.lsa.ntlmResponse(logon, CHALLENGE);
    for (let round = 0; round < 3; round++) machine.lsa.runningServices();
    assert.deepEqual(kernel.readEverything().find(response), { source: 'message', address: null });
    const recorded = machine.lsa.record();
    assert.equal(recorded.length, 8);
    for (let round = 0; round < 2100; round++) machine.lsa.runningServices();
    assert.equal(recorded.length, 4096);
    assert.equal(kernel.readEverything().includes(response), false);
  });

  test('holds what is typed while it is typed: Credential Guard does not protect a logon that VTL0 watches', () => {
    const machine = boot('credential-guard');
    machine.lsa.record();
    machine.lsa.logOn(ALICE);
    const withHash = machine.lsa.record().filter((message) => contains(message, NT_HASH));
    // The one request that brings it to LsaIso; no answer.
    assert.deepEqual(
      withHash.map((bytes) => {
        const message = parseMessage(bytes);
        return [message?.kind, message?.interfaceId, message?.operation];
      }),
      [['request', 1, 1]],
    );
    // Whoever comes a moment later finds it no more.
    const late = boot('credential-guard');
    late.lsa.logOn(ALICE);
    assert.equal(late.compromisedKernel().readEverything().includes(NT_HASH), false);
  });

  test('may be altered in every bit: LsaIso answers with a failure or with what the altered request asks for', () => {
    const { machine, logon } = withAlice();
    let at = 0;
    let bits = 1;
    machine.lsa.intercept(({ direction, bytes }) => {
      if (direction === 'reply') return undefined;
      bits = bytes.length * 8;
      return flipped(bytes, at);
    });
    const answers = new Set<number>();
    for (; at < bits; at += 5) answers.add(machine.lsa.ntlmResponse(logon, CHALLENGE).status);
    assert.ok(bits > 1600);
    // As asked with another user, domain or challenge; no blob; no message, interface, operation or payload.
    assert.deepEqual(
      [...answers].sort((one, other) => one - other).map((status) => status.toString(16)),
      ['0', 'c000028b', 'c0020012', 'c002001d', 'c002002e', 'c003000c'],
    );
  });

  test('takes whatever VTL0 puts there, and neither side throws', () => {
    const { machine, logon } = withAlice();
    fc.assert(
      fc.property(
        fc.constantFrom('request', 'reply'),
        fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ minLength: 4000, maxLength: 5000 })),
        (where, bytes) => {
          const stop = machine.lsa.intercept(({ direction }) => (direction === where ? bytes : undefined));
          const answer = machine.lsa.ntlmResponse(logon, CHALLENGE);
          stop();
          assert.notEqual(answer.status, 0);
          assert.equal(answer.response.length, 0);
          assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0);
        },
      ),
    );
  });

  test('may carry a lie in answer: another call’s, a request, a fault without a status, other fields', () => {
    const { machine, logon } = withAlice();
    const answerWith = (change: (view: DataView) => void): number => {
      const stop = machine.lsa.intercept(({ direction, bytes }) => {
        if (direction === 'reply') change(new DataView(bytes.buffer, bytes.byteOffset));
        return bytes;
      });
      const { status } = machine.lsa.ntlmResponse(logon, CHALLENGE);
      stop();
      return status;
    };
    assert.equal(
      answerWith((view) => view.setUint32(8, 0, true)),
      0xc002001d,
    );
    assert.equal(
      answerWith((view) => view.setUint16(6, 0, true)),
      0xc002001d,
    );
    assert.equal(
      answerWith((view) => view.setUint16(6, 2, true)),
      0xc003000c,
    );
    assert.equal(
      answerWith((view) => view.setUint32(16, 0xc0000022, true)),
      0xc0000022,
    );
    assert.equal(
      answerWith((view) => view.setUint16(20, 0xffff, true)),
      0xc003000c,
    );
  });

  test('keeps nothing of what was typed where a logon or a comparison is broken off', () => {
    const password = 'typed and broken off';
    const typed = [ntHash(password), new Uint8Array(Buffer.from(password, 'utf16le'))];
    const breakers: readonly ((machine: ReturnType<typeof boot>, fail: () => never) => () => void)[] = [
      (machine, fail) => machine.lsa.intercept(fail),
      (machine, fail) => machine.secureKernel.onNormalCall(fail),
      (machine, fail) => machine.secureKernel.onRead(fail),
    ];
    for (const breakWith of breakers) {
      const machine = boot('credential-guard');
      const logon = machine.lsa.logOn({ user: 'bob', domain: 'CONTOSO', password: 'another one' });
      const stop = breakWith(machine, () => {
        throw new RangeError('mine');
      });
      assert.throws(() => machine.lsa.logOn({ user: 'alice', domain: 'CONTOSO', password }), RangeError);
      assert.throws(() => machine.lsa.compare(logon, password), RangeError);
      stop();
      const stolen = machine.compromisedKernel().readEverything();
      for (const secret of typed) assert.equal(stolen.find(secret), null);
      assert.equal(machine.lsa.compare(logon, 'another one').match, true);
    }
  });

  test('takes bytes from an interceptor or nothing, and works afterwards', () => {
    const machine = boot('credential-guard');
    const logon = machine.lsa.logOn({ user: 'alice', domain: 'CONTOSO', password: 'secret' });
    const respond = (): number => machine.lsa.ntlmResponse(logon, { serverChallenge: new Uint8Array(8) }).status;
    const stop = machine.lsa.intercept(() => 'no bytes' as never);
    assert.throws(respond, {
      code: 'ERR_TRUSTLET_ARGUMENT',
      message: /what an interceptor returns must be a Uint8Array/,
    });
    stop();
    assert.equal(respond(), 0);
  });

  test('does not intercept what an interceptor itself calls', () => {
    const { machine, logon } = withAlice();
    let depth = 0;
    machine.lsa.intercept(({ direction }) => {
      depth += 1;
      if (direction === 'request') assert.equal(machine.lsa.runningServices().status, 0);
      return undefined;
    });
    machine.lsa.ntlmResponse(logon, CHALLENGE);
    assert.equal(depth, 2);
  });

  test('may bring LSASS more than a blob to keep, which it does not keep', () => {
    const machine = boot('credential-guard');
    const payload = encodeFields(new Uint8Array(2000).fill(1));
    machine.lsa.intercept(({ direction, bytes }) => {
      const message = direction === 'reply' ? parseMessage(bytes) : null;
      return message === null ? undefined : encodeMessage({ ...message, payload });
    });
    const logon = machine.lsa.logOn(ALICE);
    assert.equal(machine.lsa.credentials()[0]?.bytes.length, 0);
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0xc003000c);
  });

  test('carries comparisons that fail for either side’s blob', () => {
    const { machine, logon } = withAlice();
    machine.lsa.record();
    machine.lsa.ntlmResponse(logon, CHALLENGE);
    const request = parseMessage(machine.lsa.record()[0] ?? assert.fail()) ?? assert.fail();
    const good = machine.lsa.credentials()[0]?.bytes ?? assert.fail();
    const bad = flipped(good, good.length * 8 - 1);
    const compare = (...wrappers: readonly Uint8Array[]): readonly unknown[] => {
      const message = encodeMessage({ ...request, operation: 9, payload: encodeFields(...wrappers) });
      const answer = parseMessage(machine.lsa.send(message) ?? assert.fail());
      return [answer?.kind, answer?.status, ...(decodeFields(answer?.payload ?? bad, 1)?.[0] ?? [])];
    };
    assert.deepEqual(compare(good, good), ['response', 0, 1]);
    assert.deepEqual(compare(bad, good), ['response', 0xc000028b]);
    assert.deepEqual(compare(good, bad), ['response', 0xc000028b]);
    assert.deepEqual(compare(good, bad.subarray(1)), ['fault', 0xc003000c]);
    assert.deepEqual(compare(good), ['fault', 0xc003000c]);
    // Protecting what is protected already is refused.
    const again = encodeMessage({ ...request, operation: 1, payload: encodeFields(good) });
    assert.equal(parseMessage(machine.lsa.send(again) ?? assert.fail())?.status, 0xc000000d);
    assert.equal(boot('plain').lsa.send(again), null);
  });

  test('goes on without a server that VTL0 ends in the middle of a call, and is not rewound there', () => {
    const { machine, logon } = withAlice();
    const snapshot = machine.snapshot();
    const stop = machine.lsa.intercept(() => {
      assert.throws(() => machine.restore(snapshot), { code: 'ERR_TRUSTLET_ARGUMENT' });
      machine.exit('lsaiso');
      return undefined;
    });
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0xc0020017);
    stop();
    machine.restore(snapshot);
    machine.lsa.intercept(() => {
      machine.platform.reset();
      return undefined;
    });
    assert.throws(() => machine.lsa.ntlmResponse(logon, CHALLENGE), { code: 'ERR_TRUSTLET_BACKEND' });
  });

  test('passes on what an interceptor throws, before LsaIso’s turn or in it, and works afterwards', () => {
    const { machine, logon } = withAlice();
    for (const where of ['request', 'reply']) {
      const stop = machine.lsa.intercept(({ direction }) => {
        if (direction === where) throw new RangeError('mine');
        return undefined;
      });
      assert.throws(() => machine.lsa.ntlmResponse(logon, CHALLENGE), /mine/);
      stop();
      assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0);
    }
  });

  test('loses an answer where VTL0 ends LsaIso, or the machine, while that sends it', () => {
    const { machine, logon } = withAlice();
    const snapshot = machine.snapshot();
    const atReply = (act: () => void): (() => void) =>
      machine.lsa.intercept(({ direction }) => {
        if (direction === 'reply') act();
        return undefined;
      });
    const stop = atReply(() => machine.exit('lsaiso'));
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0);
    stop();
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0xc0020017);
    machine.restore(snapshot);
    const forget = atReply(() => machine.platform.reset());
    assert.throws(() => machine.lsa.ntlmResponse(logon, CHALLENGE), { code: 'ERR_TRUSTLET_BACKEND' });
    forget();
    machine.restore(snapshot);
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0);
  });

  test('has nobody at its end where VTL0 leaves no way into VTL1', () => {
    const { machine, logon } = withAlice();
    machine.hypervisor.vtlCall(0);
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0xc0020017);
    machine.hypervisor.vtlReturn(0);
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0);
  });

  test('is LsaIso’s: another trustlet that receives there gets nothing', () => {
    const { machine, logon } = withAlice();
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0);
    const calls = machine.secureKernel.callsOf('lsaiso');
    const { status, output } = calls.call('NtAlpcSendWaitReceivePort', new Uint8Array(0), 4096);
    assert.deepEqual([status, output.length], [0xc0000001, 0]);
  });
});

describe('the stateless oracle', () => {
  test('whoever has a blob and reaches the server gets responses, without the key and without the hash', () => {
    const { machine, logon } = withAlice();
    const kernel = machine.compromisedKernel();
    machine.lsa.ntlmResponse(logon, CHALLENGE);
    const request = machine.lsa.record().find((bytes) => parseMessage(bytes)?.operation === 2) ?? assert.fail();
    machine.lsa.logOff(logon);
    // The user is gone; the recorded request, with the attacker's own challenge in it, is answered all the same.
    const mine = request.slice();
    mine.set(new Uint8Array(8).fill(0x11), mine.length - 8);
    const [first, second] = [mine, mine].map((message) => parseMessage(machine.lsa.send(message) ?? assert.fail()));
    assert.deepEqual([first?.kind, first?.status], ['response', 0]);
    const [response, , sessionKey] = decodeFields(first?.payload ?? mine, 4) ?? [];
    assert.deepEqual([response?.length, sessionKey?.length], [70, 16]);
    assert.notDeepEqual(first?.payload, second?.payload);
    assert.equal(kernel.readEverything().includes(NT_HASH), false);
  });

  test('a blob of another boot gets nothing', () => {
    const [one, other] = [boot({ seed: 1 }), boot({ seed: 2 })];
    const logon = one.lsa.logOn(ALICE);
    one.lsa.record();
    one.lsa.ntlmResponse(logon, CHALLENGE);
    const [request] = one.lsa.record();
    const answer = parseMessage(other.lsa.send(request ?? assert.fail()) ?? assert.fail());
    assert.deepEqual([answer?.kind, answer?.status], ['response', 0xc000028b]);
    assert.notDeepEqual(bootKeyOf(one), bootKeyOf(other));
    const again = boot({ seed: 1 });
    again.lsa.logOn(ALICE);
    assert.deepEqual(bootKeyOf(again), bootKeyOf(one));
  });
});

describe('what VTL0 finds', () => {
  test('of a secret: nothing with LsaIso, while the host finds it in VTL1’s pages', () => {
    const { machine, logon } = withAlice();
    const kernel = machine.compromisedKernel();
    machine.lsa.ntlmResponse(logon, CHALLENGE);
    const stolen = kernel.readEverything();
    const memory = hostMemory(machine);
    for (const secret of [NT_HASH, bootKeyOf(machine)]) {
      assert.equal(contains(memory, secret), true);
      assert.equal(stolen.includes(secret), false, toHex(secret));
      assert.equal(eventBytes(machine).includes(toHex(secret)), false);
    }
  });

  test('of a password: nothing, with LsaIso and without', () => {
    for (const scenario of ['credential-guard', 'plain']) {
      const { machine, logon } = withAlice(scenario);
      assert.equal(machine.lsa.compare(logon, ALICE.password).match, true);
      assert.equal(machine.lsa.compare(logon, 'wrong horse').match, false);
      const stolen = machine.compromisedKernel().readEverything();
      assert.equal(stolen.includes(ntHash('wrong horse')), false);
      assert.equal(stolen.includes(NT_HASH), scenario === 'plain');
      assert.equal(stolen.includes(Buffer.from(ALICE.password, 'utf16le')), false);
      assert.equal(stolen.includes(Buffer.from(ALICE.password)), false);
    }
  });

  test('may be changed where it lies: a blob that VTL0 alters in LSASS opens no more', () => {
    const { machine, logon } = withAlice();
    const kernel = machine.compromisedKernel();
    const [held] = machine.lsa.credentials();
    const found = kernel.readEverything().find(held?.bytes ?? assert.fail());
    assert.ok(found !== null && found.address !== null);
    kernel.write(found.address + 42n + 0x6cn, Uint8Array.of(0));
    kernel.write(found.address + 42n + 0x6dn, Uint8Array.of(0));
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0xc000028b);
  });

  test('of a secret where no IOMMU confines devices: everything', () => {
    for (const dmaProtection of [true, false]) {
      const machine = testMachine({ system: { dmaProtection } });
      const logon = machine.lsa.logOn(ALICE);
      machine.lsa.ntlmResponse(logon, CHALLENGE);
      assert.equal(machine.compromisedKernel().readEverything().includes(NT_HASH), !dmaProtection);
    }
  });

  test('may be changed where it lies, without LsaIso too: what is no hash is taken for none', () => {
    const { machine, logon } = withAlice('plain');
    const kernel = machine.compromisedKernel();
    const [held] = machine.lsa.credentials();
    const found = kernel.readEverything().find(held?.bytes ?? assert.fail());
    assert.ok(found !== null && found.address !== null);
    kernel.write(found.address + 8n, Uint8Array.of(1));
    kernel.write(found.address + 20n, Uint8Array.of(52));
    assert.equal(machine.lsa.ntlmResponse(logon, CHALLENGE).status, 0xc000028b);
  });

  test('is searched across pages that lie next to each other, and nothing is no bytes', () => {
    const { machine } = withAlice();
    const kernel = machine.compromisedKernel();
    const address = 0x12_0000n + 4090n;
    assert.equal(kernel.write(address, Buffer.from('over the edge')).succeeded, true);
    const stolen = kernel.readEverything();
    assert.deepEqual(stolen.find(Buffer.from('over the edge')), { source: 'memory', address });
    assert.equal(stolen.find(Buffer.from('over the hedge')), null);
    assert.ok(stolen.byteLength > 100_000);
    assert.throws(() => stolen.includes(new Uint8Array(0)), { code: 'ERR_TRUSTLET_ARGUMENT' });
    kernel.writeRegister(0x0002_0003, 0x1122_3344_5566_7788n);
    const registers = kernel.readEverything().find(Uint8Array.of(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11));
    assert.equal(registers?.source, 'registers');
  });
});
