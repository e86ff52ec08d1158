/** What a driver's file says of itself. Offsets are those of Microsoft's "PE Format" page. */

export type Architecture = 'x64' | 'arm64' | 'x86' | `unknown(${string})`;

export interface DriverImage {
  readonly machine: Architecture;
  /** Runs in the kernel: subsystem native. */
  readonly native: boolean;
  /** IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY, what /INTEGRITYCHECK sets (facts/nt.md 7.4). */
  readonly forceIntegrity: boolean;
  /** Control-flow guard, which the WDK project always has and the mingw build of the tests cannot have (docs/driver.md). */
  readonly controlFlowGuard: boolean;
  /** The file holds a signature; whether it is good, this does not say. */
  readonly signed: boolean;
  /** Names the device `\Device\Trustlet`, as the driver does and its test build with scripted answers does not. */
  readonly trustlet: boolean;
  /** File version, e.g. `0.1.0.0`; null where there is no version resource. */
  readonly version: string | null;
}

/** IMAGE_FILE_MACHINE_… */
const AMD64 = 0x8664;
const ARM64 = 0xaa64;
const I386 = 0x14c;
const MACHINES: Readonly<Record<number, Architecture>> = { [AMD64]: 'x64', [ARM64]: 'arm64', [I386]: 'x86' };
const PE32_PLUS = 0x20b;
const SUBSYSTEM_NATIVE = 1;
const FORCE_INTEGRITY = 0x0080;
const GUARD_CF = 0x4000;

/** Offsets from the header's `PE\0\0`, and in a 64-bit optional header, which begins 24 bytes after it. */
const OFFSET = {
  machine: 4,
  magic: 24,
  subsystem: 24 + 68,
  characteristics: 24 + 70,
  directoryCount: 24 + 108,
  /** Directory 4: file offset and size of the signatures. */
  security: 24 + 112 + 4 * 8,
  end: 24 + 112 + 5 * 8,
} as const;
const SECURITY_DIRECTORY = 4;

const DEVICE_NAME = Buffer.from('\\Device\\Trustlet\0', 'utf16le');

/** VS_FIXEDFILEINFO: its signature and its own version 1.0. */
const FIXED_FILE_INFO = Buffer.from([0xbd, 0x04, 0xef, 0xfe, 0, 0, 1, 0]);

const versionIn = (bytes: Buffer): string | null => {
  const at = bytes.indexOf(FIXED_FILE_INFO);
  if (at === -1 || at + 16 > bytes.length) return null;
  return [10, 8, 14, 12].map((offset) => bytes.readUInt16LE(at + offset)).join('.');
};

/** Where the PE header is. @returns null when the bytes are no PE image */
const headerOf = (bytes: Buffer): number | null => {
  if (bytes.length < 0x40 || bytes.readUInt16LE(0) !== 0x5a4d) return null;
  const header = bytes.readUInt32LE(0x3c);
  if (header + OFFSET.end > bytes.length || bytes.readUInt32LE(header) !== 0x4550) return null;
  return header;
};

/** @returns null for what is no complete 64-bit PE image (or a 32-bit one for x86, so that it can be told what it is) */
export const readDriverImage = (file: Uint8Array): DriverImage | null => {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const header = headerOf(bytes);
  if (header === null) return null;
  const machine = bytes.readUInt16LE(header + OFFSET.machine);
  if (bytes.readUInt16LE(header + OFFSET.magic) !== PE32_PLUS && machine !== I386) return null;
  const characteristics = bytes.readUInt16LE(header + OFFSET.characteristics);
  return {
    machine: MACHINES[machine] ?? `unknown(0x${machine.toString(16)})`,
    native: bytes.readUInt16LE(header + OFFSET.subsystem) === SUBSYSTEM_NATIVE,
    forceIntegrity: (characteristics & FORCE_INTEGRITY) !== 0,
    controlFlowGuard: (characteristics & GUARD_CF) !== 0,
    signed:
      bytes.readUInt32LE(header + OFFSET.directoryCount) > SECURITY_DIRECTORY &&
      bytes.readUInt32LE(header + OFFSET.security + 4) > 0,
    trustlet: bytes.includes(DEVICE_NAME),
    version: versionIn(bytes),
  };
};

/**
 * Why this image is not installed here.
 * @param architecture of the machine
 * @param allowTestBuild takes the mingw build of the tests too
 * @returns one sentence or two; null when there is nothing against it
 */
export const objectionTo = (image: DriverImage, architecture: Architecture, allowTestBuild: boolean): string | null => {
  if (!image.native) return 'it is a program or a library, not a driver (its subsystem is not native)';
  if (!image.trustlet)
    return 'it is another driver: it does not have the device \\Device\\Trustlet (the test build trustlet-sim.sys has not either)';
  if (image.machine !== architecture)
    return `it is built for ${image.machine}, and this machine is ${architecture}: build it with /p:Platform=${architecture === 'arm64' ? 'ARM64' : 'x64'}`;
  if (!image.forceIntegrity)
    return 'it was linked without /INTEGRITYCHECK, which driver\\trustlet.vcxproj always sets: build it from there';
  if (!image.controlFlowGuard && !allowTestBuild)
    return (
      'it has no control-flow guard, so it is the mingw build of `npm run build:driver`: a test artefact for Wine, never signed. Build it with the WDK ' +
      '(msbuild driver\\trustlet.vcxproj), or pass --allow-test-build where nothing checks signatures'
    );
  return null;
};
