/** The SID of a service's own account, `NT SERVICE\name`: computed from the name, as Windows does it. */
import { createHash } from 'node:crypto';
import { show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';

const PREFIX = /^NT SERVICE\\/i;
/** Characters whose upper case is beyond doubt; Windows allows more in a service's name. */
const NAME = /^[A-Za-z0-9_.$-][A-Za-z0-9_.$\- ]{0,79}$/;

/** SID: revision 1, six sub-authorities, authority 5 (NT), and the first of them: SECURITY_SERVICE_ID_BASE_RID, 80. */
const HEADER = '010600000000000550000000';
const WORDS = 5;
const WORD_LENGTH = 4;
const SID_HEX_LENGTH = HEADER.length + 2 * WORDS * WORD_LENGTH;

export interface ServiceAccount {
  /** `NT SERVICE\name`. */
  readonly account: string;
  /** `S-1-5-80-…`. */
  readonly sid: string;
  /** The SID's bytes as `reg add /t REG_BINARY` takes them, upper case. */
  readonly hex: string;
}

const sidText = (bytes: Buffer): string => {
  const words = Array.from({ length: WORDS }, (_, word) => bytes.readUInt32LE(HEADER.length / 2 + word * WORD_LENGTH));
  return `S-1-5-80-${words.join('-')}`;
};

/** @returns the SID as text; null for bytes the driver would refuse (TlIsServiceSid of driver/core/acl.c) */
export const serviceSidText = (hex: string): string | null => {
  if (hex.length !== SID_HEX_LENGTH || !hex.toLowerCase().startsWith(HEADER)) return null;
  const bytes = Buffer.from(hex, 'hex');
  return bytes.length * 2 === SID_HEX_LENGTH ? sidText(bytes) : null;
};

/**
 * @param given a service's name, with or without `NT SERVICE\`
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for what is no plain service name
 */
export const serviceAccount = (given: string): ServiceAccount => {
  const name = given.replace(PREFIX, '');
  if (!NAME.test(name) || name.endsWith(' ')) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `--service-account takes the name of a service, 'NT SERVICE\\MyAgent' or 'MyAgent', of at most 80 ASCII letters, digits, spaces and _ . $ -; ` +
        `got ${show(given)}. For another name write the value yourself: docs/driver.md, "Who may open it".`,
    );
  }
  // The name in upper case, as UTF-16, hashed by SHA-1: the five words of the hash end the SID.
  const hash = createHash('sha1').update(Buffer.from(name.toUpperCase(), 'utf16le')).digest('hex');
  const hex = `${HEADER}${hash}`.toUpperCase();
  return { account: `NT SERVICE\\${name}`, sid: sidText(Buffer.from(hex, 'hex')), hex };
};
