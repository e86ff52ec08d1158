/** docs/inspect.md: what `trustlet inspect` reads of a file, and what every number in it means, from the tables of lib/pe. */
import { CSV_COLUMNS } from '../lib/cli/inspect/csv.js';
import { EKUS } from '../lib/pe/ekus.js';
import { DLL_CHARACTERISTICS, EXTENDED_DLL_CHARACTERISTICS } from '../lib/pe/header-values.js';
import { PE_LIMITS } from '../lib/pe/limits.js';
import { DEBUG_VALUES, POLICY_IDS, POLICY_TYPES, TRUSTLET_IDS } from '../lib/pe/policy-values.js';
import { type Condition, ENCLAVE_CONDITIONS, TRUSTLET_CONDITIONS } from '../lib/pe/requirements.js';
import { NOT_SHOWN_BY_A_FILE } from '../lib/pe/trust.js';

const HEAD = `<!-- Written by scripts/docs.ts from lib/pe. Do not edit; run \`npm run docs\`. -->
# Inspect: would this file run as a trustlet?

\`trustlet inspect <files or folders…>\` reads PE files on any system, without running anything, and says of each whether it could be a
trustlet, a VBS enclave or neither, and why not. From code: \`inspectFile(path)\`, \`inspectBytes(bytes)\` and \`inspectSource(source)\` of
\`trustlet/pe\` give the same report; \`readPe(source)\` gives headers, sections, exports and load configuration alone.

**It reports structure and verifies no trust.** No hash is compared, no signature checked, no chain built: a file can claim all of this
and be worth nothing. ${NOT_SHOWN_BY_A_FILE}

The reader was held against real files that npm and Wine bring and a second reader (llvm-readobj, objdump), and against files made for the
tests. No trustlet's image and no enclave of Microsoft's was among them: those are not to be had here. The sources are public
([sources.md](sources.md), row _nt 5_).

## Kinds

| kind | means |
|---|---|
| \`trustlet\` | everything that a file can show of a trustlet is there |
| \`enclave\` | everything that a file can show of a VBS enclave is there |
| \`undetermined\` | nothing speaks against it, and the file does not show it all: no readable signature (a catalogue of the system may hold one), or a table that could not be read |
| \`neither\` | a PE image that can be neither; its requirements say why |
| \`not-a-pe\` | no PE image, or one whose headers are too damaged to go by; its diagnoses say where |
| \`unreadable\` | (command line) it could not be read; the error says why |
`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
  ].join('\n');

const conditions = (list: readonly Condition[]): string =>
  table(
    ['requirement', 'asks for', 'evidence', 'source'],
    list.map(({ name, asks, evidence, source }) => [name, asks, evidence, source]),
  );

const masks = (bits: Readonly<Record<string, number>>): string =>
  Object.entries(bits)
    .map(([name, mask]) => `${name} \`0x${mask.toString(16)}\``)
    .join(', ');

const LIMIT_TEXTS: Readonly<Record<keyof typeof PE_LIMITS, string>> = {
  bytesRead: 'bytes read of one file',
  sections: 'sections (the Windows loader takes no more)',
  exports: 'entries of an export table',
  policyEntries: 'entries of a policy',
  enclaveImports: 'imports of an enclave',
  stringBytes: 'bytes of a name or text',
  certificates: 'entries of the certificate table',
  signatureBytes: 'bytes of one signature',
  asn1Nodes: 'nodes of its ASN.1 tree',
  asn1Depth: 'depth of that tree',
  identifierBytes: 'bytes of one object identifier in it',
  nestedSignatures: 'signatures within one',
  debugEntries: 'entries of the debug directory',
};

const limits = (): string =>
  table(
    ['at most', 'what'],
    Object.entries(LIMIT_TEXTS).map(([name, text]) => [
      PE_LIMITS[name as keyof typeof PE_LIMITS].toLocaleString('en-US'),
      text,
    ]),
  );

const typeText = ({ kind, bits }: (typeof POLICY_TYPES)[number]): string => {
  if (kind === 'number') return `a number of ${bits} bits`;
  return kind === 'text' ? 'the address of a text' : kind === 'bool' ? 'yes or no' : 'no value: the creator chooses';
};

/** docs/inspect.md. */
export const inspectPage = (): string =>
  [
    HEAD,
    '## What a trustlet’s file has to have\n',
    conditions(TRUSTLET_CONDITIONS),
    '\n## What a VBS enclave’s file has to have\n',
    conditions(ENCLAVE_CONDITIONS),
    '\n## Trustlet policy (`IMAGE_POLICY_METADATA`)\n',
    'A missing policy is the most restrictive. Where one stands twice, the stricter one is shown.\n',
    table(
      ['id', 'policy', 'about'],
      POLICY_IDS.map(({ id, name, about }) => [String(id), name, about]),
    ),
    '',
    table(
      ['type', 'name', 'value'],
      POLICY_TYPES.map((each) => [String(each.type), each.name, typeText(each)]),
    ),
    '\nThe Debug policy is an u32; a value of another type, or any other number, refuses every debugger.\n',
    table(
      ['Debug', 'shown as', 'means'],
      DEBUG_VALUES.map(({ value, policy, meaning }) => [String(value), policy, meaning]),
    ),
    '\nTrustlet IDs that are publicly known; there are more, and Microsoft publishes no list:\n',
    table(
      ['id', 'image', 'role'],
      TRUSTLET_IDS.map(({ id, image, role }) => [String(id), image, role]),
    ),
    '\n## Extended key usages\n',
    'A usage that is not here is given by its number. The misprint `1.3.6.1.4.311.10.3.37` that circulates for IUM is another number.\n',
    table(
      ['OID', 'name', 'source'],
      EKUS.map(({ oid, name, source }) => [`\`${oid}\``, name, source]),
    ),
    '\n## Mitigations\n',
    `DllCharacteristics: ${masks(DLL_CHARACTERISTICS)}.`,
    `Extended, from the debug directory: ${masks(EXTENDED_DLL_CHARACTERISTICS)}.`,
    '\n## Limits\n',
    'Blocks of 4 KiB are read where a part lies, and the signature as a whole. Beyond a limit stands a diagnosis with its offset.\n',
    limits(),
    '\n## Output\n',
    '`--json`: one document `{ schema, files: [{ path, kind, … }], counts, skipped }`, each file as the report of `trustlet/pe` with 64-bit values as',
    'decimal strings. `--csv`: RFC 4180, with a heading:',
    `\`${CSV_COLUMNS.join('`, `')}\`; a cell that a spreadsheet would run (it begins with = + - @, a tab or a return) begins with an apostrophe.`,
    'Below a folder, files that are no programs are counted and not listed (`--all` lists them); links are not followed, and they',
    'count as skipped, as pipes and devices do: at the end of the text, as `skipped` in JSON, and not in CSV, whose rows are files. Many files',
    'are read by worker threads; the order stays that of the names.',
    '',
  ].join('\n');
