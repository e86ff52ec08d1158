/** A key distribution centre small enough for these tests: it knows users’ long-term keys, and its tickets are its own business. */
import assert from 'node:assert/strict';
import { decodeFields, decodeText, encodeFields, encodeText } from '../../../../lib/emulator/lsa/fields.js';
import { kerberosKey, seal, unseal } from '../../../../lib/emulator/lsa/kerberos.js';
import { nodeCrypto } from '../../../../lib/node-crypto.js';

/** Any bytes that differ from all others here. */
const bytesOf = (text: string, length: number): Uint8Array =>
  nodeCrypto.hmacSha256(encodeText('the centre'), encodeText(text)).slice(0, length);

export interface Reply {
  readonly ticket: Uint8Array;
  readonly sealed: Uint8Array;
}

export class KeyDistributionCenter {
  readonly #key: Uint8Array = bytesOf('krbtgt', 32);
  readonly #userKey: Uint8Array;
  readonly #user: string;
  #count = 0;

  constructor(who: { readonly user: string; readonly domain: string; readonly password: string }) {
    this.#user = who.user;
    this.#userKey = kerberosKey(nodeCrypto, who.user, who.domain, who.password);
  }

  /** The session key that the n-th reply carried, from 1. */
  sessionKey(nth: number): Uint8Array {
    return bytesOf(`session ${nth}`, 32);
  }

  /** AS: whoever proves the long-term key gets a ticket-granting ticket. */
  authenticate(preAuthentication: Uint8Array): Reply {
    const time = unseal(nodeCrypto, this.#userKey, 'pre-authentication', preAuthentication);
    assert.equal(time?.length, 8, 'no proof of the long-term key');
    return this.#reply(this.#userKey, 'AS-REP', 'krbtgt');
  }

  /** TGS: whoever proves the ticket's session key gets a ticket for a service. */
  grant(service: string, ticket: Uint8Array, authenticator: Uint8Array): Reply {
    const [user, owner, key] = decodeFields(this.#open(ticket), 3) ?? [];
    assert.deepEqual([decodeText(user ?? bytesOf('', 1)), decodeText(owner ?? bytesOf('', 1))], [this.#user, 'krbtgt']);
    const sessionKey = key ?? assert.fail();
    const proof = unseal(nodeCrypto, sessionKey, 'authenticator', authenticator) ?? assert.fail('no authenticator');
    const [, asked] = decodeFields(proof, 2) ?? [];
    assert.equal(decodeText(asked ?? assert.fail()), service);
    return this.#reply(sessionKey, 'TGS-REP', service);
  }

  #open(ticket: Uint8Array): Uint8Array {
    return unseal(nodeCrypto, this.#key, 'ticket', ticket) ?? assert.fail('not a ticket of this centre');
  }

  #reply(underKey: Uint8Array, usage: 'AS-REP' | 'TGS-REP', service: string): Reply {
    this.#count += 1;
    const sessionKey = this.sessionKey(this.#count);
    const nonce = bytesOf(`nonce ${this.#count}`, 12);
    const content = encodeFields(encodeText(this.#user), encodeText(service), sessionKey);
    return {
      ticket: seal(nodeCrypto, this.#key, 'ticket', nonce, content),
      sealed: seal(nodeCrypto, underKey, usage, nonce, sessionKey),
    };
  }
}
