/** The words that every picture has for pages. */
import type { PageHolder, PageRights } from '../emulator/page-map.js';

/** `rwx`, a dash for what is not allowed; `none` where there is no such VTL. */
export const rightsText = (rights: PageRights | null): string =>
  rights === null ? 'none' : `${rights.read ? 'r' : '-'}${rights.write ? 'w' : '-'}${rights.execute ? 'x' : '-'}`;

const KINDS = {
  'nt-kernel': 'NT kernel',
  'secure-kernel': 'secure kernel',
  bundle: 'VTL1, not in use',
  channel: 'messages between LSASS and LsaIso',
} as const;

export const holderText = ({ kind, label, pid, vtl }: PageHolder): string =>
  kind === 'process' ? `${label} (pid ${pid})${vtl === 1 ? ', VTL1' : ''}` : KINDS[kind];
