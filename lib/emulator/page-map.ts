/** Whose each page in use is, and what each VTL may do with it: the hypervisor’s own answer, page by page. */
import { pagesOf } from './boot/page-owners.js';
import {
  NT_CODE,
  NT_DATA,
  NT_PAGE_TABLES,
  type PageBlock,
  SECURE_KERNEL,
  VTL0_OVERLAYS,
} from './boot/physical-layout.js';
import type { Hypervisor } from './hypervisor/hypervisor.js';
import { PAGE_SIZE, physicalPagesOf } from './nt/memory.js';
import type { NtSystem } from './nt/system.js';

export interface PageHolder {
  /** `bundle`: VTL1’s, in no use. `channel`: NT’s, with the messages between LSASS and LsaIso. */
  readonly kind: 'nt-kernel' | 'secure-kernel' | 'process' | 'bundle' | 'channel';
  /** Whose memory it is. */
  readonly vtl: 0 | 1;
  /** Of a process: its label and pid. */
  readonly label: string | null;
  readonly pid: number | null;
}

/** What a VTL’s kernel may do with a page. */
export interface PageRights {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

/** Pages next to each other that one holder has, with the same rights. */
export interface PageRun extends PageBlock {
  readonly holder: PageHolder;
  readonly vtl0: PageRights;
  /** null on a machine without VTL1. */
  readonly vtl1: PageRights | null;
}

const holder = (kind: PageHolder['kind'], vtl: 0 | 1): PageHolder => ({ kind, vtl, label: null, pid: null });
const NT_KERNEL = holder('nt-kernel', 0);
const SECURE = holder('secure-kernel', 1);
const BUNDLE = holder('bundle', 1);
const CHANNEL = holder('channel', 0);

const rightsOf = (hypervisor: Hypervisor, vtl: 0 | 1, page: number): PageRights => {
  const may = (access: 'read' | 'write' | 'execute'): boolean =>
    hypervisor.check(vtl, BigInt(page * PAGE_SIZE), access).kind === 'allowed';
  return { read: may('read'), write: may('write'), execute: may('execute') };
};

const sameRights = (left: PageRights | null, right: PageRights | null): boolean =>
  left?.read === right?.read && left?.write === right?.write && left?.execute === right?.execute;

const holdersOf = (system: NtSystem): ReadonlyMap<number, PageHolder> => {
  const { platform, state } = system;
  const holders = new Map<number, PageHolder>();
  const give = (block: PageBlock, whose: PageHolder): void => {
    for (const page of pagesOf(block)) holders.set(page, whose);
  };
  for (const block of [VTL0_OVERLAYS, NT_CODE, NT_DATA, NT_PAGE_TABLES]) {
    for (const page of pagesOf(block)) holders.set(page, NT_KERNEL);
  }
  if (platform.hasVtl1) give(SECURE_KERNEL, SECURE);
  for (const block of platform.secureBlocks) give(block, BUNDLE);
  for (const { space, label, pid } of state.processes.values()) {
    if (space === null) continue;
    for (const { physicalAddress, owner } of physicalPagesOf(space)) {
      holders.set(Number(physicalAddress) / PAGE_SIZE, { kind: 'process', vtl: owner, label, pid });
    }
  }
  const { requestPage, replyPage } = state.lsa;
  for (const page of [requestPage, replyPage]) if (page !== null) holders.set(page, CHANNEL);
  const secret = state.secretPages[1];
  if (secret !== null) holders.set(secret, SECURE);
  return holders;
};

/** Pages in use and pages of VTL1’s, in order. Cost: six questions to the hypervisor for each. */
export const pageMapOf = (system: NtSystem): readonly PageRun[] => {
  const { hypervisor, hasVtl1 } = system.platform;
  const holders = holdersOf(system);
  const pages = new Set([
    ...hypervisor.pagesInUse(),
    ...[...holders].filter(([, { vtl, kind }]) => vtl === 1 || kind === 'process').map(([page]) => page),
  ]);
  const runs: (PageRun & { pageCount: number })[] = [];
  for (const page of [...pages].sort((a, b) => a - b)) {
    const whose = holders.get(page) ?? NT_KERNEL;
    const vtl0 = rightsOf(hypervisor, 0, page);
    const vtl1 = hasVtl1 ? rightsOf(hypervisor, 1, page) : null;
    const last = runs.at(-1);
    const continues =
      last !== undefined &&
      last.firstPage + last.pageCount === page &&
      last.holder.kind === whose.kind &&
      last.holder.pid === whose.pid &&
      last.holder.vtl === whose.vtl &&
      sameRights(last.vtl0, vtl0) &&
      sameRights(last.vtl1, vtl1);
    if (continues) last.pageCount += 1;
    else runs.push({ firstPage: page, pageCount: 1, holder: whose, vtl0, vtl1 });
  }
  return runs;
};
