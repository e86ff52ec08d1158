/** Logging on, and what a logon is good for, with and without LsaIso. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, ntHash, type Scenario } from '../../../../lib/emulator/index.js';
import { ntlmV1Response, ntlmV2Response, ntowfV2 } from '../../../../lib/emulator/lsa/ntlm.js';
import { nodeCrypto } from '../../../../lib/node-crypto.js';
import { testMachine, testScenario, throwsArgument } from '../machines.js';
import { hex, toHex } from './bytes.js';
import { ALICE, SERVER_CHALLENGE, withAlice } from './machines.js';

const UNAVAILABLE = 0xc0020017;

/** What a server that knows the password computes of a response. */
const expected = (response: Uint8Array): { readonly proof: string; readonly sessionKey: string } => {
  const blob = new DataView(response.buffer, response.byteOffset + 16);
  const answer = ntlmV2Response(nodeCrypto, {
    key: ntowfV2(nodeCrypto, ntHash(ALICE.password), ALICE.user, ALICE.domain),
    serverChallenge: SERVER_CHALLENGE,
    clientChallenge: response.slice(32, 40),
    time: blob.getBigUint64(8, true),
    targetInfo: response.slice(44, -4),
  });
  return { proof: toHex(answer.response.subarray(0, 16)), sessionKey: toHex(answer.sessionKey) };
};

describe('a logon', () => {
  for (const scenario of ['credential-guard', 'plain', 'vbs', 'server-2022', 'downlevel']) {
    test(`answers challenges that a server verifies: ${scenario}`, () => {
      const { machine, logon } = withAlice(scenario);
      const seen = new Set<string>();
      for (let round = 0; round < 3; round++) {
        const { status, response, lmResponse, sessionKey } = machine.lsa.ntlmResponse(logon, {
          serverChallenge: SERVER_CHALLENGE,
        });
        assert.equal(status, 0);
        assert.deepEqual({ proof: toHex(response.subarray(0, 16)), sessionKey: toHex(sessionKey) }, expected(response));
        assert.equal(lmResponse.length, 24);
        seen.add(toHex(response));
      }
      assert.equal(seen.size, 3);
      assert.deepEqual(machine.lsa.compare(logon, ALICE.password), { status: 0, match: true });
      assert.deepEqual(machine.lsa.compare(logon, 'wrong'), { status: 0, match: false });
      assert.deepEqual(machine.lsa.runningServices(), { status: 0, services: ['ntlm', 'kerberos'] });
    });
  }

  test('takes the server’s time and AV pairs into the response', () => {
    const { machine, logon } = withAlice();
    const targetInfo = hex('0700080001020304050607080000 0000');
    const { response } = machine.lsa.ntlmResponse(logon, { serverChallenge: SERVER_CHALLENGE, targetInfo });
    assert.equal(toHex(response.subarray(24, 32)), '0102030405060708');
    assert.equal(toHex(response.subarray(44, -4)), toHex(targetInfo));
  });

  test('is one of many, each with its own', () => {
    const { machine, logon } = withAlice();
    const bob = machine.lsa.logOn({ user: 'bob', domain: '', password: '' });
    assert.deepEqual([logon, bob], [1, 2]);
    assert.deepEqual(machine.lsa.compare(bob, ''), { status: 0, match: true });
    assert.deepEqual(machine.lsa.compare(bob, ALICE.password), { status: 0, match: false });
    assert.deepEqual(
      machine.lsa.credentials().map(({ logonId, user, domain, kind, status }) => [logonId, user, domain, kind, status]),
      [
        [1, 'alice', 'CONTOSO', 'isolated', 0],
        [2, 'bob', '', 'isolated', 0],
      ],
    );
  });

  test('leaves nothing in LSASS once it is over, and its place goes to another', () => {
    const { machine, logon } = withAlice('plain');
    const hash = ntHash(ALICE.password);
    const kernel = machine.compromisedKernel();
    assert.equal(kernel.readEverything().includes(hash), true);
    machine.lsa.logOff(logon);
    assert.equal(kernel.readEverything().includes(hash), false);
    assert.deepEqual(machine.lsa.credentials(), []);
    throwsArgument(() => machine.lsa.compare(logon, ALICE.password), /has no logon 1/);
    for (let count = 0; count < 256; count++) machine.lsa.logOn({ ...ALICE, user: `user ${count}` });
    assert.throws(() => machine.lsa.logOn(ALICE), { code: 'ERR_TRUSTLET_BACKEND', message: /holds 256 logons/ });
  });

  test('ends with its LSASS', () => {
    const { machine, logon } = withAlice();
    machine.exit('lsass');
    const nobody = { code: 'ERR_TRUSTLET_UNSUPPORTED', message: /No LSASS runs/ };
    assert.throws(() => machine.lsa.credentials(), nobody);
    assert.throws(() => machine.lsa.logOn(ALICE), nobody);
    assert.throws(() => machine.lsa.runningServices(), nobody);
    machine.spawn({ label: 'another', image: 'LSASS.exe' });
    assert.deepEqual(machine.lsa.credentials(), []);
    throwsArgument(() => machine.lsa.logOff(logon), /has no logon/);
    assert.equal(machine.lsa.logOn(ALICE), 2);
  });

  test('comes back with a snapshot, and so does what was random', () => {
    const { machine, logon } = withAlice();
    const snapshot = machine.snapshot();
    const run = (): readonly unknown[] => {
      const bob = machine.lsa.logOn({ ...ALICE, user: 'bob' });
      const answer = machine.lsa.ntlmResponse(logon, { serverChallenge: SERVER_CHALLENGE });
      return [bob, toHex(answer.response), machine.lsa.credentials(), machine.eventLines()];
    };
    const first = run();
    machine.restore(snapshot);
    assert.equal(machine.lsa.credentials().length, 1);
    assert.deepEqual(run(), first);
  });

  test('is none once the machine is down', () => {
    const { machine } = withAlice();
    machine.platform.reset();
    assert.throws(() => machine.lsa.logOn(ALICE), { code: 'ERR_TRUSTLET_BACKEND' });
    assert.throws(() => machine.lsa.isolation, { code: 'ERR_TRUSTLET_BACKEND' });
  });
});

describe('without LsaIso', () => {
  test('a machine that has none leaves the hash to LSASS, which answers NTLMv1 with it', () => {
    const { machine, logon } = withAlice('plain');
    assert.deepEqual([machine.lsa.isolation, machine.lsa.endpoint.answers], ['none', false]);
    const [held] = machine.lsa.credentials();
    assert.equal(held?.kind, 'plain');
    assert.equal(toHex(held?.bytes.slice(42, 58) ?? hex('')), toHex(ntHash(ALICE.password)));
    assert.deepEqual(machine.lsa.ntlmV1Response(logon, SERVER_CHALLENGE), {
      status: 0,
      response: ntlmV1Response(nodeCrypto, ntHash(ALICE.password), SERVER_CHALLENGE),
    });
  });

  test('one whose LsaIso has ended has no single sign-on, and keeps no secret instead', () => {
    const { machine, logon } = withAlice();
    machine.exit('lsaiso');
    const { lsa } = machine;
    assert.deepEqual([lsa.isolation, lsa.endpoint], ['unreachable', { name: 'LSA_ISO_RPC_SERVER', answers: false }]);
    const answer = lsa.ntlmResponse(logon, { serverChallenge: SERVER_CHALLENGE });
    assert.deepEqual([answer.status, answer.response.length, answer.sessionKey.length], [UNAVAILABLE, 0, 0]);
    assert.deepEqual(lsa.compare(logon, ALICE.password), { status: UNAVAILABLE, match: false });
    assert.deepEqual(lsa.runningServices(), { status: UNAVAILABLE, services: [] });
    assert.equal(lsa.send(new Uint8Array(20)), null);
    const bob = { user: 'bob', domain: 'CONTOSO', password: 'another horse' };
    lsa.logOn(bob);
    const { kind, status, bytes } = lsa.credentials()[1] ?? assert.fail();
    assert.deepEqual([kind, status, bytes.length], ['none', UNAVAILABLE, 0]);
    const stolen = machine.compromisedKernel().readEverything();
    assert.equal(stolen.includes(ntHash(bob.password)), false);
    assert.equal(stolen.includes(Buffer.from(bob.password, 'utf16le')), false);
  });

  test('a new LsaIso of the same boot opens the old one’s blobs', () => {
    const { machine, logon } = withAlice();
    machine.exit('lsaiso');
    machine.spawn({ label: 'lsaiso-2', image: 'LsaIso.exe', trustlet: { id: 1 } });
    assert.equal(machine.lsa.isolation, 'isolated');
    assert.deepEqual(machine.lsa.compare(logon, ALICE.password), { status: 0, match: true });
  });
});

describe('which process is LSASS', () => {
  test('is said by its label before its image', () => {
    const scenario: Scenario = testScenario();
    const machine = boot({
      scenario: {
        ...scenario,
        processes: [{ label: 'fake', image: 'lsass.exe', user: 'user' }, ...scenario.processes],
      },
    });
    machine.lsa.logOn(ALICE);
    const [from, to] = ['fake', 'lsass'].map((label) => machine.physicalPages(label).length);
    assert.ok((from ?? 0) < (to ?? 0));
  });
});

describe('arguments', () => {
  test('that are none', () => {
    const { lsa } = testMachine();
    const logOn = lsa.logOn.bind(lsa) as (who: unknown) => number;
    for (const who of [null, 'alice', [], {}, { ...ALICE, user: '' }, { ...ALICE, user: 7 }, { ...ALICE, pin: '' }])
      throwsArgument(() => logOn(who), /who|user|pin/);
    for (const [name, value] of [
      ['user', 'u'.repeat(257)],
      ['domain', 'd'.repeat(257)],
      ['password', 'p'.repeat(257)],
      ['password', undefined],
    ] as const)
      throwsArgument(() => logOn({ ...ALICE, [name]: value }), new RegExp(name));
    const id = lsa.logOn({ user: 'u'.repeat(256), domain: 'd'.repeat(256), password: 'p'.repeat(256) });
    const respond = lsa.ntlmResponse.bind(lsa, id) as (challenge: unknown) => { readonly status: number };
    assert.equal(respond({ serverChallenge: SERVER_CHALLENGE, targetInfo: undefined }).status, 0);
    throwsArgument(() => respond(null), /challenge/);
    throwsArgument(() => respond({ serverChallenge: new Uint8Array(7) }), /8 bytes; got 7/);
    throwsArgument(() => respond({ serverChallenge: '12345678' }), /serverChallenge must be a Uint8Array/);
    for (const targetInfo of [new Uint8Array(3), new Uint8Array(1100), 'none'])
      throwsArgument(() => respond({ serverChallenge: SERVER_CHALLENGE, targetInfo }), /targetInfo/);
    throwsArgument(() => lsa.ntlmResponse(99, { serverChallenge: SERVER_CHALLENGE }), /has no logon 99/);
    throwsArgument(() => lsa.send(new Uint8Array(4097)), /at most 4096 bytes; got 4097/);
    throwsArgument(() => lsa.send('x' as never), /Uint8Array/);
    throwsArgument(() => lsa.intercept('x' as never), /function/);
  });
});
