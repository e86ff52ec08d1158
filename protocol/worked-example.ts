/**
 * One QUERY, byte by byte, for docs/protocol.md. Written by hand: test/unit/protocol/worked-example.test.ts holds the page to
 * what the codec writes and reads.
 */

/** Bytes in hexadecimal, and what they are. */
type Line = readonly [bytes: string, about: string];

const REQUEST: readonly Line[] = [
  ['18 00 00 00', ' 0  Size = 24: the fixed part'],
  ['01 00', ' 4  Version = 1'],
  ['02 00', ' 6  Message = 2, QUERY'],
  ['10 00 00 00', ' 8  ReplySize = 16'],
  ['40 00 00 00', '12  RecordSize = 64'],
  ['01 00 00 00', '16  PidCount = 1'],
  ['00 00 00 00', '20  Reserved'],
  ['2c 03 00 00', '24  the pid, 812'],
];

const REPLY: readonly Line[] = [
  ['10 00 00 00', ' 0  Size = 16: the record begins here'],
  ['01 00', ' 4  Version = 1'],
  ['02 00', ' 6  Message = 2, QUERY'],
  ['40 00 00 00', ' 8  RecordSize = 64'],
  ['01 00 00 00', '12  RecordCount = 1'],
  ['2c 03 00 00', '16  Pid = 812'],
  ['9c 02 00 00', '20  ParentPid = 668'],
  ['00 00 00 00', '24  OpenStatus = STATUS_SUCCESS'],
  ['00 00 00 00', '28  ExtendedStatus = STATUS_SUCCESS'],
  ['80 00 00 00', '32  Flags: bit 7, IsSecureProcess'],
  ['d7 00 00 00', '36  Present: 0x1, 0x2, 0x4, 0x10, 0x40, 0x80'],
  ['00 d2 b5 a2 13 0b db 01', '40  CreateTime = 0x01DB0B13A2B5D200'],
  ['1c 02 00 00 00 00 07 00', '48  StartKey = 0x000700000000021C'],
  ['00 00 00 00', '56  SessionId, absent: CENSUS only'],
  ['00 00 00 00', '60  Status = STATUS_SUCCESS'],
  ['02', '64  Verdict = secure'],
  ['07', '65  Reason = secure-bit-set'],
  ['03', '66  Evidence = documented'],
  ['00', '67  Protection = none'],
  ['00', '68  Classification, absent'],
  ['00', '69  Reserved'],
  ['00 00', '70  NameLength, absent'],
  ['00 00 00 00', '72  NameOffset, absent'],
  ['00 00 00 00', '76  Reserved2'],
];

const block = (lines: readonly Line[]): readonly string[] => [
  '```text',
  ...lines.map(([bytes, about]) => `${bytes.padEnd(23)}  # ${about}`),
  '```',
];

/** @param code of QUERY, as text */
export const workedExample = (code: string): readonly string[] => [
  '## A QUERY, byte by byte',
  '',
  `Is pid 812 a trustlet? DeviceIoControl with code \`${code}\`, these 28 bytes, and room for at least 80. After \`#\`: offset, member.`,
  '',
  ...block(REQUEST),
  '',
  'The reply, 80 bytes: it is.',
  '',
  ...block(REPLY),
  '',
  'The numbers are made up. A test reads both blocks from this page and holds them to `lib/protocol` (_emulated_: no driver is asked).',
  '',
];
