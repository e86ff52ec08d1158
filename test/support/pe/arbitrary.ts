/** Random PE files: a sound description, a signature or what looks like one, and damage to the fields of what was built. */
import fc from 'fast-check';
import { buildPe } from './build.js';
import { withCertificates } from './certificate-table.js';
import { type Damage, damaged, type Poison } from './damage-plan.js';
import type { CertificateDescription, PeDescription } from './describe.js';
import { MACHINE } from './describe.js';
import { contentInfoOf, deepDer, der, derSaying, endlessDer, piecedDer, wideDer } from './hostile-der.js';
import { EKU, ENCLAVE, ENCLAVE_SIGNATURE, LSAISO, TRUSTLET_SIGNATURE } from './samples.js';
import { pkcs7Of, type SignOptions } from './sign.js';

const u8 = fc.nat({ max: 0xff });
const u16 = fc.nat({ max: 0xffff });
const u32 = fc.nat({ max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const identifier = fc.uint8Array({ minLength: 16, maxLength: 16 });
const name = fc.oneof(fc.constantFrom('a', 'Zz', '_start', 's_IumPolicyMetadata', '__enclave_config'), fc.string());
const optional = { requiredKeys: [] as never[], noNullPrototype: true };

const policyEntry = fc.oneof(
  fc.record({ type: fc.nat({ max: 14 }), id: fc.nat({ max: 15 }), value: fc.oneof(u64, fc.constantFrom(0n, 1n)) }),
  fc.record({ type: fc.constantFrom(10, 11), id: fc.nat({ max: 15 }), value: fc.string() }),
);

const policy = fc.record(
  {
    section: fc.constantFrom('.tPolicy', '.tpolicy', '.other'),
    characteristics: fc.constantFrom(0x40000040, 0xc0000040, 0),
    lead: fc.nat({ max: 24 }),
    version: fc.constantFrom(1, 0, 2, 255),
    applicationId: fc.oneof(fc.bigInt({ min: 0n, max: 6n }), u64),
    entries: fc.array(policyEntry, { maxLength: 8 }),
    isTerminated: fc.boolean(),
    symbol: fc.constantFrom('s_IumPolicyMetadata', '__ImagePolicyMetadata', null),
  },
  optional,
);

const enclaveImport = fc.record(
  {
    name: fc.option(fc.string()),
    matchType: fc.nat({ max: 6 }),
    minimumSecurityVersion: u32,
    uniqueOrAuthorId: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    familyId: identifier,
    imageId: identifier,
  },
  { requiredKeys: ['name'], noNullPrototype: true },
);

const enclave = fc.record(
  {
    size: fc.constantFrom(0, 4, 72, 76, 80, 84, 0xffffffff),
    minimumRequiredConfigSize: fc.constantFrom(0, 72, 76, 80, 0xffffffff),
    policyFlags: fc.nat({ max: 7 }),
    familyId: identifier,
    imageId: identifier,
    imageVersion: u32,
    securityVersion: u32,
    enclaveSize: u64,
    numberOfThreads: u32,
    enclaveFlags: fc.option(fc.nat({ max: 3 })),
    imports: fc.array(enclaveImport, { maxLength: 4 }),
    importEntrySize: fc.constantFrom(80, 80, 80, 72, 96, 0),
    isExported: fc.boolean(),
  },
  optional,
);

const loadConfig = fc.record(
  {
    length: fc.constantFrom(4, 64, 72, 92, 0xa0, 0xf8, 0x100, 0x130, 0x140, 0x148),
    size: fc.constantFrom(0, 4, 64, 0x9c, 0xa0, 0xf8, 0x100, 0x140, 0x400, 0xffffffff),
    directorySize: fc.constantFrom(0, 0x40, 0x140, 0xffffffff),
    securityCookie: u64,
    guardCfFunctionTable: u64,
    guardCfFunctionCount: u64,
    guardFlags: u32,
    enclaveConfiguration: fc.oneof(u64, fc.constant(0n)),
  },
  optional,
);

const exportTable = fc.record(
  {
    moduleName: fc.string(),
    ordinalBase: fc.constantFrom(0, 1, 5, 0xffffffff),
    functions: fc.array(
      fc.record(
        {
          name: fc.option(name),
          target: fc.oneof(fc.constantFrom('policy' as const, 'enclave' as const, 'code' as const), fc.nat(0x8000)),
          forwarder: fc.constantFrom('NTDLL.Other', 'X.#7', ''),
        },
        { requiredKeys: ['name'], noNullPrototype: true },
      ),
      { maxLength: 6 },
    ),
    order: fc.constantFrom('sorted', 'as-given'),
  },
  { requiredKeys: ['functions'], noNullPrototype: true },
);

export const description: fc.Arbitrary<PeDescription> = fc.record(
  {
    bits: fc.constantFrom(64, 64, 64, 32),
    machine: fc.oneof(fc.constantFrom(...Object.values(MACHINE)), u16),
    isDll: fc.boolean(),
    isLargeAddressAware: fc.boolean(),
    timeDateStamp: u32,
    subsystem: fc.nat({ max: 17 }),
    dllCharacteristics: u16,
    imageBase: fc.constantFrom(0n, 0x10000n, 0x1_8000_0000n, 0xffff_ffff_ffff_0000n),
    sectionAlignment: fc.constantFrom(4096, 4096, 4096, 512, 0x2000),
    fileAlignment: fc.constantFrom(512, 512, 16, 4096),
    ntHeaders: fc.constantFrom(0x40, 0x80, 0x100, 0x104),
    directoryCount: fc.constantFrom(16, 16, 16, 11, 5, 1, 0),
    checksum: u32,
    policy,
    enclave,
    loadConfig,
    debug: fc.array(fc.record({ type: fc.constantFrom(2, 20, 20, 16), data: bytes(8) }), { maxLength: 4 }),
    exports: exportTable,
    sections: fc.array(
      fc.record(
        { name: fc.constantFrom('.data', '.reloc', '.tPolicy', '.rdata', ''), content: bytes(64), virtualSize: u16 },
        { requiredKeys: ['name'], noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
    overlay: bytes(40),
  },
  optional,
);

/** Made once: a signature takes a hundred times as long as the file that it is for. */
const pool: Uint8Array[] = [];
const signatures = (): readonly Uint8Array[] => {
  if (pool.length > 0) return pool;
  const built = buildPe();
  const usages = [[EKU.CODE_SIGNING], [EKU.IUM, EKU.SYSTEM_COMPONENT], [EKU.CODE_SIGNING, EKU.ENCLAVE, EKU.AUTHOR], []];
  const options: SignOptions[] = usages.flatMap((ekus): SignOptions[] => [
    { ekus },
    { ekus, pageHashes: 'sha256' },
    { ekus, pageHashes: 'sha1', isTimestamped: true },
    { ekus, nested: [{ ekus: [EKU.IUM, EKU.SYSTEM_COMPONENT], pageHashes: 'sha256' }] },
  ]);
  let chain: SignOptions = { ekus: null };
  for (let depth = 0; depth < 12; depth += 1) chain = { nested: [chain] };
  options.push({ ekus: null }, { withCertificates: false }, chain, { nested: Array.from({ length: 12 }, () => ({})) });
  pool.push(...options.map((each) => pkcs7Of(built, each)));
  return pool;
};

const kept = new Map<PeDescription, Uint8Array>();
const signatureOf = (what: PeDescription, signature: SignOptions): Uint8Array => {
  const made = kept.get(what) ?? pkcs7Of(buildPe(what), signature);
  kept.set(what, made);
  return made;
};

/** Of the size of a real one, with a few bytes or a length changed. */
const bentSignature = fc
  .tuple(fc.nat(), fc.array(fc.tuple(fc.nat(), u8), { minLength: 1, maxLength: 4 }))
  .map(([index, writes]) => {
    const list = signatures();
    const bent = (list[index % list.length] ?? new Uint8Array()).slice();
    for (const [at, value] of writes) bent[at % bent.length] = value;
    return bent;
  });

const derTree: fc.Arbitrary<Uint8Array> = fc.letrec<{ tree: Uint8Array; leaf: Uint8Array; node: Uint8Array }>(
  (tie) => ({
    tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('node')),
    leaf: fc.oneof(
      fc
        .tuple(fc.constantFrom(0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x17, 0x18, 0x80), bytes(12))
        .map(([tag, content]) => der(tag, content)),
      fc
        .tuple(fc.constantFrom(0x02, 0x04, 0x30, 0x24), u32, bytes(6))
        .map(([tag, length, content]) => derSaying(tag, length, content)),
      bytes(8),
    ),
    node: fc
      .tuple(fc.constantFrom(0x30, 0x31, 0xa0, 0xa1, 0x24, 0x23), fc.array(tie('tree'), { maxLength: 4 }))
      .map(([tag, children]) => der(tag, ...children)),
  }),
).tree;

const content: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: fc.nat().map((index) => signatures()[index % signatures().length] ?? new Uint8Array()) },
  { weight: 4, arbitrary: bentSignature },
  { weight: 3, arbitrary: derTree },
  { weight: 3, arbitrary: derTree.map(contentInfoOf) },
  { weight: 1, arbitrary: bytes(64) },
  { weight: 1, arbitrary: fc.nat({ max: 3000 }).map(deepDer) },
  { weight: 1, arbitrary: fc.nat({ max: 2000 }).map((depth) => contentInfoOf(deepDer(depth))) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat({ max: 400 }), fc.boolean()).map(([depth, isClosed]) => endlessDer(depth, isClosed)),
  },
  { weight: 1, arbitrary: fc.nat({ max: 20_000 }).map((count) => contentInfoOf(wideDer(count))) },
  { weight: 1, arbitrary: fc.nat({ max: 90 }).map(piecedDer) },
);

const certificate: fc.Arbitrary<CertificateDescription> = fc.record(
  {
    content,
    revision: fc.constantFrom(0x200, 0x200, 0x100, 0),
    type: fc.constantFrom(2, 2, 2, 1, 0x0ef1),
    length: fc.constantFrom(0, 7, 8, 9, 16, 0x7fffffff, 0xffffffff),
  },
  { requiredKeys: ['content'], noNullPrototype: true },
);

const poison: fc.Arbitrary<Poison> = fc.oneof(
  fc.record({
    kind: fc.constant('value' as const),
    value: fc.oneof(
      fc.constantFrom(
        0n,
        1n,
        2n,
        7n,
        0x7fn,
        0xffffn,
        0x7fffffffn,
        0x80000000n,
        0xfffffff8n,
        0xffffffffn,
        2n ** 64n - 1n,
      ),
      u64,
      u16.map(BigInt),
    ),
  }),
  fc.record({ kind: fc.constant('add' as const), delta: fc.integer({ min: -520, max: 4100 }) }),
  fc.record({ kind: fc.constant('place' as const), of: fc.nat(), as: fc.constantFrom('offset', 'rva', 'va') }),
  fc.record({ kind: fc.constant('copy' as const), of: fc.nat() }),
  fc.record({ kind: fc.constant('size' as const), delta: fc.integer({ min: -64, max: 64 }) }),
);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('set' as const), field: fc.nat(), poison }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('truncate' as const),
      field: fc.nat(),
      delta: fc.integer({ min: -2, max: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      field: fc.nat(),
      byte: u8,
      count: fc.nat({ max: 600 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), mask: fc.nat({ max: 255 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.nat({ max: 5000 }), byte: u8 }),
  },
);

/** A description of a whole file, signatures and damage included. */
export interface FilePlan {
  readonly description: PeDescription;
  readonly certificates: readonly CertificateDescription[];
  readonly damage: readonly Damage[];
}

const certificates: fc.Arbitrary<readonly CertificateDescription[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(certificate, { minLength: 1, maxLength: 2 }) },
);

const sound = (what: PeDescription, signature: SignOptions): fc.Arbitrary<Omit<FilePlan, 'damage'>> =>
  fc.constant(0).map(() => ({ description: what, certificates: [{ content: signatureOf(what, signature) }] }));

/** Most files are random throughout; damage to one that is else right comes further into the reader. */
export const filePlan: fc.Arbitrary<FilePlan> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ description, certificates }) },
      { weight: 1, arbitrary: sound(LSAISO, TRUSTLET_SIGNATURE) },
      { weight: 1, arbitrary: sound(ENCLAVE, ENCLAVE_SIGNATURE) },
      {
        weight: 1,
        arbitrary: certificates.map((list) => ({ description: { ...LSAISO, ...ENCLAVE }, certificates: list })),
      },
    ),
    fc.oneof(
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 7, arbitrary: fc.array(damage, { minLength: 1, maxLength: 5 }) },
    ),
  )
  .map(([file, plan]) => ({ ...file, damage: plan }));

export const fileOf = ({ description: what, certificates, damage: plan }: FilePlan): Uint8Array => {
  const built = buildPe(what);
  return damaged(certificates.length === 0 ? built : withCertificates(built, certificates), plan);
};
