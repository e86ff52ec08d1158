// Reads what the checks ask of a 64-bit PE image: headers, sections, imports, checksum. Offsets are those of Microsoft's
// "PE Format" page. A reader of our own, so that a check can be tried on an image with one bit changed.

const PE32_PLUS = 0x20b;
const SECTION_SIZE = 40;

/** Offsets within the optional header. */
const OPTIONAL = { entry: 16, sectionAlignment: 32, checksum: 64, subsystem: 68, flags: 70, directories: 112 };
/** Numbers of data directories. */
export const DIRECTORY = { export: 0, import: 1, exception: 3, relocation: 5, debug: 6, tls: 9, addresses: 12 };

/** Where in the file the headers are. @param {Buffer} image */
export function layoutOf(image) {
  const header = image.readUInt32LE(0x3c);
  const optional = header + 24;
  const sections = optional + image.readUInt16LE(header + 20);
  return {
    timestamp: header + 8,
    characteristics: header + 22,
    ...Object.fromEntries(Object.entries(OPTIONAL).map(([name, offset]) => [name, optional + offset])),
    section: (index) => sections + index * SECTION_SIZE,
    directory: (number) => optional + OPTIONAL.directories + number * 8,
  };
}

const text = (image, offset) => image.toString('latin1', offset, image.indexOf(0, offset));

/**
 * @param {Buffer} image the whole file
 * @throws {Error} for what is no 64-bit PE image
 */
export function readImage(image) {
  const at = layoutOf(image);
  const header = image.readUInt32LE(0x3c);
  if (image.toString('latin1', header, header + 4) !== 'PE\0\0' || image.readUInt16LE(header + 24) !== PE32_PLUS)
    throw new Error('not a 64-bit PE image');
  const sections = Array.from({ length: image.readUInt16LE(header + 6) }, (_, index) => {
    const offset = at.section(index);
    return {
      name: image.toString('latin1', offset, offset + 8).replace(/\0+$/, ''),
      size: Math.max(image.readUInt32LE(offset + 8), image.readUInt32LE(offset + 16)),
      address: image.readUInt32LE(offset + 12),
      file: image.readUInt32LE(offset + 20),
      executable: (image.readUInt32LE(offset + 36) & 0x20000000) !== 0,
      writable: image.readUInt32LE(offset + 36) >>> 31 === 1,
    };
  });
  const sectionOf = (address) =>
    sections.find((section) => address >= section.address && address < section.address + section.size);
  const fileOffset = (address) => {
    const section = sectionOf(address);
    if (section === undefined) throw new Error(`the image says ${address.toString(16)}, which is in no section`);
    return address - section.address + section.file;
  };
  const directory = (number) => ({
    address: image.readUInt32LE(at.directory(number)),
    size: image.readUInt32LE(at.directory(number) + 4),
  });
  return {
    machine: image.readUInt16LE(header + 4),
    timestamp: image.readUInt32LE(at.timestamp),
    characteristics: image.readUInt16LE(at.characteristics),
    sectionAlignment: image.readUInt32LE(at.sectionAlignment),
    subsystem: image.readUInt16LE(at.subsystem),
    flags: image.readUInt16LE(at.flags),
    checksum: image.readUInt32LE(at.checksum),
    entry: image.readUInt32LE(at.entry),
    sections,
    sectionOf,
    directory,
    imports: importsOf(image, directory(DIRECTORY.import).address, fileOffset),
  };
}

/** @returns {string[]} sorted `library!name`; an import by number is `library!#number` */
function importsOf(image, table, fileOffset) {
  const names = [];
  if (table === 0) return names;
  for (let entry = fileOffset(table); image.readUInt32LE(entry + 12) !== 0; entry += 20) {
    const library = text(image, fileOffset(image.readUInt32LE(entry + 12)));
    const lookup = image.readUInt32LE(entry) || image.readUInt32LE(entry + 16);
    for (let thunk = fileOffset(lookup); image.readBigUInt64LE(thunk) !== 0n; thunk += 8) {
      const value = image.readBigUInt64LE(thunk);
      const name = value >> 63n === 1n ? `#${value & 0xffffn}` : text(image, fileOffset(Number(value)) + 2);
      names.push(`${library}!${name}`);
    }
  }
  return names.sort();
}

/**
 * What the loader compares with the header's checksum: the file's 16-bit words added with end-around carry, the checksum
 * itself taken as 0, plus the file's length.
 * @param {Buffer} image
 */
export function checksumOf(image) {
  const { checksum } = layoutOf(image);
  let sum = 0;
  for (let offset = 0; offset < image.length; offset += 2) {
    if (offset === checksum || offset === checksum + 2) continue;
    sum += offset + 1 < image.length ? image.readUInt16LE(offset) : image[offset];
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum + image.length;
}
