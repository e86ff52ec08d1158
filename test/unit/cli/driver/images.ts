/** Driver files made for tests: as much of a PE image as the command line reads. */

export interface ImageOptions {
  readonly machine?: number | undefined;
  readonly magic?: number | undefined;
  readonly subsystem?: number | undefined;
  readonly characteristics?: number | undefined;
  readonly directories?: number | undefined;
  readonly signatureSize?: number | undefined;
  readonly device?: string | undefined;
  readonly version?: readonly [number, number, number, number] | null | undefined;
  /** Makes two files differ. */
  readonly mark?: string | undefined;
}

export const X64 = 0x8664;
export const ARM64 = 0xaa64;
/** FORCE_INTEGRITY, NX_COMPAT, DYNAMIC_BASE, HIGH_ENTROPY_VA and GUARD_CF, as the WDK project links. */
export const WDK = 0x41e0;
/** The same without GUARD_CF, as mingw links. */
export const MINGW = 0x01e0;

export const driverImage = ({
  machine = X64,
  magic = 0x20b,
  subsystem = 1,
  characteristics = WDK,
  directories = 16,
  signatureSize = 0,
  device = '\\Device\\Trustlet',
  version = [0, 1, 0, 0],
  mark = '',
}: ImageOptions = {}): Buffer => {
  const head = Buffer.alloc(0x200);
  head.write('MZ', 0, 'latin1');
  head.writeUInt32LE(0x80, 0x3c);
  head.write('PE\0\0', 0x80, 'latin1');
  head.writeUInt16LE(machine, 0x84);
  head.writeUInt16LE(240, 0x94);
  head.writeUInt16LE(magic, 0x98);
  head.writeUInt16LE(subsystem, 0x98 + 68);
  head.writeUInt16LE(characteristics, 0x98 + 70);
  head.writeUInt32LE(directories, 0x98 + 108);
  head.writeUInt32LE(signatureSize, 0x98 + 112 + 36);
  const resource = Buffer.alloc(52);
  if (version !== null) {
    const [major, minor, build, revision] = version;
    resource.writeUInt32LE(0xfeef04bd, 0);
    resource.writeUInt32LE(0x10000, 4);
    resource.writeUInt32LE(((major << 16) | minor) >>> 0, 8);
    resource.writeUInt32LE(((build << 16) | revision) >>> 0, 12);
  }
  return Buffer.concat([head, Buffer.from(`${device}\0`, 'utf16le'), resource, Buffer.from(mark, 'latin1')]);
};
