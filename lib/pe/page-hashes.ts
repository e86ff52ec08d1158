/**
 * Page hashes within an Authenticode signature: SpcIndirectDataContent → SpcPeImageData → SpcSerializedObject (Microsoft, "Windows
 * Authenticode Portable Executable Signature Format").
 */
import { type Asn1, type Pki, parseBer } from './pki.js';
import type { PeSignature } from './report.js';

const CONTEXT_SPECIFIC = 3;
/** SPC_PE_IMAGE_PAGE_HASHES_V1 and _V2, and the bytes of a page's offset and hash. */
const KINDS: Readonly<Record<string, { readonly algorithm: 'sha1' | 'sha256'; readonly entryBytes: number }>> = {
  '1.3.6.1.4.1.311.2.3.1': { algorithm: 'sha1', entryBytes: 4 + 20 },
  '1.3.6.1.4.1.311.2.3.2': { algorithm: 'sha256', entryBytes: 4 + 32 },
};

/** SpcIndirectDataContent whose SpcPeImageData has a moniker: the serialized object that page hashes come in. */
const imageDataSchema = ({ asn1 }: Pki): Asn1.Sequence => {
  const tagged = (tagNumber: number, value: readonly Asn1.BaseBlock[]): Asn1.Constructed =>
    new asn1.Constructed({ idBlock: { tagClass: CONTEXT_SPECIFIC, tagNumber }, value: [...value] as never });
  const moniker = tagged(1, [new asn1.OctetString(), new asn1.OctetString({ name: 'serialized' })]);
  return new asn1.Sequence({
    value: [
      new asn1.Sequence({
        value: [
          new asn1.ObjectIdentifier(),
          new asn1.Sequence({ value: [new asn1.BitString({ optional: true }), tagged(0, [moniker])] }),
        ],
      }),
      new asn1.Any(),
    ],
  });
};

/** SET OF { type, SET { hashes } }. */
const attributesSchema = ({ asn1 }: Pki): Asn1.Set =>
  new asn1.Set({
    value: [
      new asn1.Sequence({
        value: [
          new asn1.ObjectIdentifier({ name: 'type' }),
          new asn1.Set({ value: [new asn1.OctetString({ name: 'hashes' })] }),
        ],
      }),
    ],
  });

/** @returns what the schema names; null where the data is of another form */
const match = (
  asn1: Pki['asn1'],
  data: Asn1.BaseBlock,
  schema: Asn1.BaseBlock,
): Readonly<Record<string, unknown>> | null => {
  const compared = asn1.compareSchema(data as never, data as never, schema as never) as {
    readonly verified: boolean;
    readonly result: Readonly<Record<string, unknown>>;
  };
  return compared.verified ? compared.result : null;
};

/** The table ends with an offset behind the last page, whose hash is all zeros. */
const countPages = (table: Uint8Array, entryBytes: number): number => {
  const entries = Math.floor(table.byteLength / entryBytes);
  const last = table.subarray((entries - 1) * entryBytes + 4, entries * entryBytes);
  return last.every((byte) => byte === 0) ? Math.max(0, entries - 1) : entries;
};

/**
 * @param content the signature's content, SpcIndirectDataContent
 * @returns null where it has no page hashes
 * @throws TypeError where what should hold them is no BER
 */
export const pageHashesOf = (pki: Pki, content: Asn1.BaseBlock): PeSignature['pageHashes'] => {
  const { asn1 } = pki;
  const serialized = match(asn1, content, imageDataSchema(pki))?.['serialized'];
  if (!(serialized instanceof asn1.OctetString)) return null;
  const found = match(asn1, parseBer(pki, serialized.valueBlock.valueHexView), attributesSchema(pki));
  const type = found?.['type'];
  const hashes = found?.['hashes'];
  if (!(type instanceof asn1.ObjectIdentifier) || !(hashes instanceof asn1.OctetString)) return null;
  const kind = KINDS[type.valueBlock.toString()];
  if (kind === undefined) return null;
  return { algorithm: kind.algorithm, count: countPages(hashes.valueBlock.valueHexView, kind.entryBytes) };
};
