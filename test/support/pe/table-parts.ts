/** The policy of a trustlet, and the export table. */
import type { ExportDescription, ExportsDescription, PolicyDescription } from './describe.js';
import type { ImageWriter } from './image-writer.js';

/**
 * IMAGE_POLICY_METADATA and its entries of 16 bytes (facts/nt.md 5.3).
 *
 * @returns the RVA of the metadata
 */
export const writePolicy = (
  writer: ImageWriter,
  policy: PolicyDescription,
  strings: ReadonlyMap<number, number>,
): number => {
  writer.seek(writer.offset + (policy.lead ?? 0));
  const start = writer.offset;
  const { rva } = writer;
  writer.u8('policy/version', policy.version ?? 1);
  writer.bytes('policy/reserved', new Uint8Array(7));
  writer.u64('policy/applicationId', policy.applicationId ?? 1n);
  const entry = (index: number, type: number, id: number, value: bigint): void => {
    const at = writer.offset;
    writer.u32(`policy/entries/${index}/type`, type);
    writer.u32(`policy/entries/${index}/id`, id);
    writer.u64(`policy/entries/${index}/value`, value);
    writer.name(`policy/entries/${index}`, at);
  };
  const entries = policy.entries ?? [];
  entries.forEach(({ type, id, value }, index) => {
    entry(index, type, id, typeof value === 'bigint' ? value : writer.va(strings.get(index) ?? 0));
  });
  if (policy.isTerminated !== false) entry(entries.length, 0, 0, 0n);
  writer.name('policy', start);
  return rva;
};

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));

/**
 * @param addressOf the RVA of what an export points to
 * @returns where the table is; its size spans the forwarders, by which a reader tells them from addresses
 */
export const writeExports = (
  writer: ImageWriter,
  table: ExportsDescription,
  addressOf: (each: ExportDescription) => number,
): { address: number; size: number } => {
  const { functions } = table;
  const named = functions.flatMap(({ name }, index) => (name === null ? [] : [{ name, index }]));
  if (table.order !== 'as-given') named.sort((a, b) => bytewise(a.name, b.name));
  writer.align(4);
  const start = writer.offset;
  const { rva } = writer;
  const addresses = rva + 40;
  const names = addresses + 4 * functions.length;
  const ordinals = names + 4 * named.length;
  // The strings stand behind the tables, so their addresses are known before they are written.
  let next = ordinals + 2 * named.length;
  const place = (text: string): number => {
    const at = next;
    next += text.length + 1;
    return at;
  };
  const moduleName = table.moduleName ?? 'sample.dll';
  const moduleAt = place(moduleName);
  const nameAt = named.map(({ name }) => place(name));
  const forwarderAt = functions.map(({ forwarder }) => (forwarder === undefined ? 0 : place(forwarder)));

  writer.u32('exports/characteristics', 0);
  writer.u32('exports/timeDateStamp', 0);
  writer.u16('exports/majorVersion', 0);
  writer.u16('exports/minorVersion', 0);
  writer.u32('exports/name', moduleAt);
  writer.u32('exports/ordinalBase', table.ordinalBase ?? 1);
  writer.u32('exports/numberOfFunctions', functions.length);
  writer.u32('exports/numberOfNames', named.length);
  writer.u32('exports/addressOfFunctions', functions.length === 0 ? 0 : addresses);
  writer.u32('exports/addressOfNames', named.length === 0 ? 0 : names);
  writer.u32('exports/addressOfNameOrdinals', named.length === 0 ? 0 : ordinals);
  functions.forEach((each, index) => {
    writer.u32(`exports/functions/${index}`, forwarderAt[index] || addressOf(each));
  });
  named.forEach((_, index) => {
    writer.u32(`exports/names/${index}`, nameAt[index] ?? 0);
  });
  named.forEach(({ index: ordinal }, index) => {
    writer.u16(`exports/ordinals/${index}`, ordinal);
  });
  writer.ansi('exports/strings/module', moduleName);
  named.forEach(({ name }) => {
    writer.ansi(`exports/strings/${name}`, name);
  });
  functions.forEach(({ forwarder }, index) => {
    if (forwarder !== undefined) writer.ansi(`exports/forwarders/${index}`, forwarder);
  });
  writer.name('exports', start);
  return { address: rva, size: writer.offset - start };
};
