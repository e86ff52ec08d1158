/** What a driver's file says of itself. */
import { bytesSource } from '../../pe/byte-source.js';
import { Diagnoses } from '../../pe/damage.js';
import { FileBytes } from '../../pe/file-bytes.js';
import { DLL_CHARACTERISTICS } from '../../pe/header-values.js';
import { openImage } from '../../pe/image.js';
import type { PeMachine } from '../../pe/report.js';

export type Architecture = 'x64' | 'arm64' | 'x86' | 'ARMNT' | `unknown(${string})`;

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

/** As Node.js names what it knows of them. */
const architectureOf = (machine: PeMachine): Architecture => {
  switch (machine) {
    case 'AMD64':
      return 'x64';
    case 'ARM64':
      return 'arm64';
    case 'I386':
      return 'x86';
    default:
      return machine;
  }
};

const DEVICE_NAME = Buffer.from('\\Device\\Trustlet\0', 'utf16le');

/** VS_FIXEDFILEINFO: its signature and its own version 1.0. */
const FIXED_FILE_INFO = Buffer.from([0xbd, 0x04, 0xef, 0xfe, 0, 0, 1, 0]);

const versionIn = (bytes: Buffer): string | null => {
  const at = bytes.indexOf(FIXED_FILE_INFO);
  if (at === -1 || at + 16 > bytes.length) return null;
  return [10, 8, 14, 12].map((offset) => bytes.readUInt16LE(at + offset)).join('.');
};

/** @returns null for what is no complete 64-bit PE image (or a 32-bit one for x86, so that it can be told what it is) */
export const readDriverImage = (file: Uint8Array): DriverImage | null => {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const image = openImage(new FileBytes(bytesSource(file)), new Diagnoses());
  if (image === null) return null;
  const { headers, dllCharacteristics } = image.nt;
  if (headers.bits !== 64 && headers.machine !== 'I386') return null;
  return {
    machine: architectureOf(headers.machine),
    native: headers.subsystem === 'NATIVE',
    forceIntegrity: (dllCharacteristics & DLL_CHARACTERISTICS.FORCE_INTEGRITY) !== 0,
    controlFlowGuard: (dllCharacteristics & DLL_CHARACTERISTICS.GUARD_CF) !== 0,
    signed: headers.directories.some(({ name, size }) => name === 'certificate' && size > 0),
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
