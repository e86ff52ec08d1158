/** The words that every picture has for pages. */
import type { PageHolder, PageRights, PageRun } from '../emulator/page-map.js';

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

/** Pages of one holder with the same rights, wherever they lie. */
export interface PageRow {
  readonly count: number;
  readonly whose: string;
  readonly vtl: 0 | 1;
  readonly vtl0: string;
  readonly vtl1: string;
}

export const pageRows = (pages: readonly PageRun[]): readonly PageRow[] => {
  const rows = new Map<string, PageRow>();
  for (const { holder, pageCount, ...rights } of pages) {
    const row = {
      whose: holderText(holder),
      vtl: holder.vtl,
      vtl0: rightsText(rights.vtl0),
      vtl1: rightsText(rights.vtl1),
    };
    const key = `${row.whose} ${row.vtl0} ${row.vtl1}`;
    rows.set(key, { ...row, count: (rows.get(key)?.count ?? 0) + pageCount });
  }
  return [...rows.values()];
};
