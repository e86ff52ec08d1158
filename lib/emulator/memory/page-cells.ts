/**
 * One cell of 16 bits for each page, in two levels: 4096 pages share a group, and groups nobody has written share one table. A
 * guest costs a pointer for every 16 MiB, and 8 KiB for every group that was written.
 */
export const GROUP_PAGES = 4096;

export interface PageCells {
  /** By `page >>> 12`. An entry is `untouched`, `absent` or a table of its own. */
  readonly groups: Uint16Array[];
  /** What all groups without a table of their own read. */
  readonly untouched: Uint16Array;
  /** All zero: groups that hold no page of the guest. */
  readonly absent: Uint16Array;
}

/** @param pages pages up to the guest's last one; what lies above reads as untouched */
export const createPageCells = (pages: number, value: number): PageCells => {
  const untouched = new Uint16Array(GROUP_PAGES).fill(value);
  const groups: Uint16Array[] = [];
  while (groups.length * GROUP_PAGES < pages) groups.push(untouched);
  return { groups, untouched, absent: new Uint16Array(GROUP_PAGES) };
};

/** Two loads. `page` is below 2^32. */
export const cellOf = (cells: PageCells, page: number): number =>
  // A group is always full, which the type of a typed array's element cannot say.
  (cells.groups[page >>> 12] ?? cells.untouched)[page & 4095] as number;

/** True when a group reads what nobody has written. */
const isShared = (cells: PageCells, group: Uint16Array | undefined): boolean =>
  group === cells.untouched || group === cells.absent;

/** Writes one cell; its group gets a table of its own. A page above the guest's last one has no cell. */
export const setCell = (cells: PageCells, page: number, value: number): void => {
  const index = page >>> 12;
  let group = cells.groups[index];
  if (group === undefined || group[page & 4095] === value) return;
  if (isShared(cells, group)) {
    group = group.slice();
    cells.groups[index] = group;
  }
  group[page & 4095] = value;
};

/** Says that no page from `start` up to `end` is the guest's: they read 0. */
export const excludePages = (cells: PageCells, start: number, end: number): void => {
  for (let page = start; page < end; ) {
    if (page % GROUP_PAGES === 0 && end - page >= GROUP_PAGES) {
      cells.groups[page / GROUP_PAGES] = cells.absent;
      page += GROUP_PAGES;
    } else {
      setCell(cells, page, 0);
      page += 1;
    }
  }
};

/** Calls back for every page of a group that has a table of its own. */
export const forEachOwnPage = (cells: PageCells, visit: (page: number, value: number) => void): void => {
  cells.groups.forEach((group, index) => {
    if (isShared(cells, group)) return;
    for (let offset = 0; offset < GROUP_PAGES; offset++) visit(index * GROUP_PAGES + offset, group[offset] as number);
  });
};

/** Bytes spent on cells, the pointers to groups included. */
export const cellBytes = (cells: PageCells): number =>
  cells.groups.length * 8 + (2 + cells.groups.filter((group) => !isShared(cells, group)).length) * GROUP_PAGES * 2;
