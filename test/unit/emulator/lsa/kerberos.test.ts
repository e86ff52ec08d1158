/** Kerberos through LSASS, which is a proxy between the centre and LsaIso (facts/vsm.md 4.4). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Machine, ntHash } from '../../../../lib/emulator/index.js';
import { encodeCredential } from '../../../../lib/emulator/lsa/credential.js';
import { decodeFields, encodeFields } from '../../../../lib/emulator/lsa/fields.js';
import { kerberosKey, seal, unseal } from '../../../../lib/emulator/lsa/kerberos.js';
import { encodeMessage, parseMessage } from '../../../../lib/emulator/lsa/messages.js';
import { nodeCrypto } from '../../../../lib/node-crypto.js';
import { throwsArgument } from '../machines.js';
import { contains, flipped, toHex } from './bytes.js';
import { KeyDistributionCenter, type Reply } from './key-distribution-center.js';
import { ALICE, eventBytes, hostMemory, withAlice } from './machines.js';

const SERVICE = 'cifs/files.contoso.com';
const DECRYPTION_FAILED = 0xc000028b;

/** AS exchange. */
const ticketFor = (machine: Machine, logon: number, centre: KeyDistributionCenter): Reply => {
  const { status, preAuthentication } = machine.lsa.kerberos.preAuthenticate(logon);
  assert.equal(status, 0);
  const reply = centre.authenticate(preAuthentication);
  assert.equal(machine.lsa.kerberos.acceptTicket(logon, reply.ticket, reply.sealed), 0);
  return reply;
};

describe('Kerberos', () => {
  for (const scenario of ['credential-guard', 'plain']) {
    test(`gets a ticket and a service’s session key: ${scenario}`, () => {
      const { machine, logon } = withAlice(scenario);
      const centre = new KeyDistributionCenter(ALICE);
      ticketFor(machine, logon, centre);
      const { status, ticket, authenticator } = machine.lsa.kerberos.requestService(logon, SERVICE);
      assert.equal(status, 0);
      const granted = centre.grant(SERVICE, ticket, authenticator);
      const { status: accepted, sessionKey } = machine.lsa.kerberos.acceptService(logon, granted.sealed);
      assert.equal(accepted, 0);
      assert.deepEqual(sessionKey, centre.sessionKey(2));
    });
  }

  test('keeps the long-term key and the ticket’s session key from VTL0, which has tickets and blobs', () => {
    const stolenOf = (scenario: string): readonly boolean[] => {
      const { machine, logon } = withAlice(scenario);
      const centre = new KeyDistributionCenter(ALICE);
      const kernel = machine.compromisedKernel();
      const { ticket } = ticketFor(machine, logon, centre);
      const longTerm = kerberosKey(nodeCrypto, ALICE.user, ALICE.domain, ALICE.password);
      machine.lsa.kerberos.requestService(logon, SERVICE);
      const stolen = kernel.readEverything();
      assert.equal(contains(hostMemory(machine), centre.sessionKey(1)), true);
      assert.equal(eventBytes(machine).includes(toHex(centre.sessionKey(1))), false);
      return [ticket, longTerm, centre.sessionKey(1), ntHash(ALICE.password)].map((bytes) => stolen.includes(bytes));
    };
    assert.deepEqual(stolenOf('credential-guard'), [true, false, false, false]);
    assert.deepEqual(stolenOf('plain'), [true, true, true, true]);
  });

  test('needs a ticket before it asks for a service', () => {
    const { machine, logon } = withAlice();
    const { status, ticket, authenticator } = machine.lsa.kerberos.requestService(logon, SERVICE);
    assert.deepEqual([status, ticket.length, authenticator.length], [0xc003000c, 0, 0]);
  });

  test('takes no reply that was changed, or sealed for another', () => {
    const { machine, logon } = withAlice();
    const centre = new KeyDistributionCenter(ALICE);
    const { kerberos } = machine.lsa;
    const { ticket, sealed } = centre.authenticate(kerberos.preAuthenticate(logon).preAuthentication);
    for (let bit = 0; bit < sealed.length * 8; bit += 11)
      assert.equal(kerberos.acceptTicket(logon, ticket, flipped(sealed, bit)), DECRYPTION_FAILED);
    assert.equal(kerberos.acceptTicket(logon, ticket, new Uint8Array(5)), DECRYPTION_FAILED);
    const bob = machine.lsa.logOn({ ...ALICE, user: 'bob' });
    assert.equal(kerberos.acceptTicket(bob, ticket, sealed), DECRYPTION_FAILED);
    const key = kerberosKey(nodeCrypto, ALICE.user, ALICE.domain, ALICE.password);
    const short = seal(nodeCrypto, key, 'AS-REP', new Uint8Array(12), new Uint8Array(31));
    assert.equal(kerberos.acceptTicket(logon, ticket, short), DECRYPTION_FAILED);
    assert.equal(kerberos.acceptTicket(logon, ticket, sealed), 0);
  });

  test('gives no session key of a ticket away to who calls its reply one for a service', () => {
    const { machine, logon } = withAlice();
    const centre = new KeyDistributionCenter(ALICE);
    machine.lsa.record();
    const { sealed } = ticketFor(machine, logon, centre);
    const asked = machine.lsa.record().map(parseMessage);
    const unpack = asked.find((message) => message?.kind === 'request' && message.operation === 3) ?? assert.fail();
    // The same payload, the long-term key's blob and the sealed reply, to the operation that hands its key out.
    const answer = parseMessage(machine.lsa.send(encodeMessage({ ...unpack, operation: 5 })) ?? assert.fail());
    assert.deepEqual([answer?.kind, answer?.status, answer?.payload.length], ['response', DECRYPTION_FAILED, 0]);
    assert.equal(unseal(nodeCrypto, centre.sessionKey(1), 'AS-REP', sealed), null);
  });

  test('takes no NTLM blob for a key, nor a key for an NTLM credential', () => {
    const { machine, logon } = withAlice();
    machine.lsa.record();
    machine.lsa.kerberos.preAuthenticate(logon);
    const [bytes] = machine.lsa.record();
    const request = parseMessage(bytes ?? assert.fail()) ?? assert.fail();
    const ntlmBlob = machine.lsa.credentials()[0]?.bytes.slice(42) ?? assert.fail();
    const payload = encodeFields(Uint8Array.of(1, ...ntlmBlob), new Uint8Array(0));
    const answer = parseMessage(machine.lsa.send(encodeMessage({ ...request, payload })) ?? assert.fail());
    assert.deepEqual([answer?.kind, answer?.status], ['response', DECRYPTION_FAILED]);
    const [held] = decodeFields(request.payload, 2) ?? [];
    const wrapper = encodeCredential({ encrypted: true, bytes: held?.slice(1) ?? assert.fail() });
    const compare = { ...request, interfaceId: 1, operation: 9, payload: encodeFields(wrapper, wrapper) };
    const compared = parseMessage(machine.lsa.send(encodeMessage(compare)) ?? assert.fail());
    assert.deepEqual([compared?.kind, compared?.status], ['response', DECRYPTION_FAILED]);
  });

  test('refuses arguments that are none', () => {
    const { machine, logon } = withAlice();
    const { kerberos } = machine.lsa;
    const [short, long] = [new Uint8Array(4), new Uint8Array(1025)];
    throwsArgument(() => kerberos.preAuthenticate(7), /has no logon 7/);
    throwsArgument(() => kerberos.acceptTicket(logon, long, short), /ticket is at most 1024/);
    throwsArgument(() => kerberos.acceptTicket(logon, short, long), /sealed is at most 1024/);
    throwsArgument(() => kerberos.acceptService(logon, 'x' as never), /Uint8Array/);
    throwsArgument(() => kerberos.requestService(logon, ''), /service/);
    throwsArgument(() => kerberos.requestService(logon, 's'.repeat(513)), /at most 512 bytes/);
  });
});
