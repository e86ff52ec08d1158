/** One line a file, for people. Widths are fixed: the lines go out as the files are read. */
import type { View } from '../report.js';
import { pad, printable, truncate } from '../text.js';
import { STYLE_OF_KIND } from './account.js';
import { INSPECTED_KINDS, type Inspected, type InspectedKind, isDamagedImage } from './inspected.js';

const KIND_COLUMNS = 12;
const MACHINE_COLUMNS = 6;
const DETAIL_COLUMNS = 30;

const COMMON_NAME = /(?:^|, )CN=((?:\\.|[^,\\])*)/;

/** What tells most of a file in a few words. */
const detailOf = (file: Inspected): string => {
  if (file.kind === 'unreadable') return '';
  if (isDamagedImage(file)) return 'damaged';
  if (file.policy !== null) return `trustlet ID ${file.policy.applicationId}`;
  if (file.enclaveConfiguration !== null) return `enclave, version ${file.enclaveConfiguration.securityVersion}`;
  const [signature] = file.signatures;
  if (signature === undefined) return file.headers === null ? '' : 'not signed';
  const subject = signature.signer?.subject ?? '';
  return `signed: ${COMMON_NAME.exec(subject)?.[1] ?? subject}`;
};

export const lineHeading = ({ paint }: View): string =>
  paint(
    'heading',
    `${pad('KIND', KIND_COLUMNS)}  ${pad('CPU', MACHINE_COLUMNS)}  ${pad('DETAIL', DETAIL_COLUMNS)}  PATH`,
  );

export const lineOf = (file: Inspected, { paint }: View): string => {
  const machine = file.kind === 'unreadable' ? '' : (file.headers?.machine ?? '');
  return [
    paint(STYLE_OF_KIND[file.kind], pad(file.kind, KIND_COLUMNS)),
    pad(truncate(machine, MACHINE_COLUMNS), MACHINE_COLUMNS),
    pad(truncate(printable(detailOf(file)), DETAIL_COLUMNS), DETAIL_COLUMNS),
    // An error names its path.
    printable(file.kind === 'unreadable' ? file.error : file.path),
  ].join('  ');
};

/** How many files there were of each kind. */
export type KindCounts = Readonly<Record<InspectedKind, number>>;

export const countsLine = (counts: KindCounts): string => {
  const total = INSPECTED_KINDS.reduce((sum, kind) => sum + counts[kind], 0);
  const parts = INSPECTED_KINDS.filter((kind) => counts[kind] > 0).map((kind) => `${counts[kind]} ${kind}`);
  return `${total} ${total === 1 ? 'file' : 'files'}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}. Trust was not verified.`;
};
