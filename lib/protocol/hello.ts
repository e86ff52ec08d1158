/** HELLO: which protocol, which driver, which Windows. */
import type { SystemRecord } from '../backend.js';
import { type NamedBits, namedBits } from '../layout/named-bits.js';
import { Status } from '../ntstatus.js';
import type { GuardOperation } from '../types.js';
import { malformedReply } from './malformed.js';
import type { ReplyView } from './reply-view.js';
import type { Wire } from './wire.js';

/** Versions of the protocol somebody speaks, both ends included. */
export interface VersionRange {
  readonly minVersion: number;
  readonly maxVersion: number;
}

export interface HelloReply extends VersionRange {
  /** The version the driver chose of those both speak; 0: there is none. */
  readonly version: number;
  /** e.g. `0.1.0`. */
  readonly driverVersion: string;
  readonly capabilities: NamedBits<Wire['enums']['Capability']>;
  readonly windows: { readonly major: number; readonly minor: number; readonly build: number };
  readonly system: SystemRecord;
  /** Pids the driver takes in one QUERY. */
  readonly maxPids: number;
  /** Largest size of a structure it understands, in bytes. */
  readonly maxFixedSize: number;
  /** The operations it can decide about, of those this package knows. */
  readonly operations: readonly GuardOperation[];
  /** Bytes of a process record as the driver knows it. */
  readonly processRecordSize: number;
}

/** @returns the newest version both speak; 0 if there is none */
export const chooseVersion = (client: VersionRange, driver: VersionRange): number => {
  const newest = Math.min(client.maxVersion, driver.maxVersion);
  return newest >= client.minVersion && newest >= driver.minVersion ? newest : 0;
};

/** @throws TrustletError ERR_TRUSTLET_PROTOCOL for a range that is none, or a choice outside it */
const readVersions = (wire: Wire, reply: ReplyView): VersionRange & { readonly version: number } => {
  const { fields } = wire.structures.HelloReply;
  const version = reply.fixed.number(fields.version);
  const minVersion = reply.fixed.number(fields.minVersion);
  const maxVersion = reply.fixed.number(fields.maxVersion);
  if (minVersion < 1 || maxVersion < minVersion) {
    throw malformedReply(
      reply.message,
      `says from byte ${fields.minVersion.offset} on that the driver speaks versions ${minVersion} to ${maxVersion}, which is no range`,
    );
  }
  if (version !== 0 && (version < minVersion || version > maxVersion)) {
    throw malformedReply(
      reply.message,
      `says at byte ${fields.version.offset} that version ${version} was chosen, of the driver’s ${minVersion} to ${maxVersion}`,
    );
  }
  return { version, minVersion, maxVersion };
};

/** @throws TrustletError ERR_TRUSTLET_PROTOCOL */
export const decodeHelloReply = (wire: Wire, reply: ReplyView): HelloReply => {
  const { fields } = wire.structures.HelloReply;
  const number = (name: keyof typeof fields): number => reply.fixed.number(fields[name]);
  const driverVersion = number('driverVersion');
  const operations = namedBits(number('operations'), wire.enums.Operation);
  const build = number('osBuild');
  const isolatedUserModeStatus = number('isolatedUserModeStatus');
  return {
    ...readVersions(wire, reply),
    driverVersion: `${driverVersion >>> 16}.${(driverVersion >>> 8) & 0xff}.${driverVersion & 0xff}`,
    capabilities: namedBits(number('capabilities'), wire.enums.Capability),
    windows: { major: number('osMajor'), minor: number('osMinor'), build },
    system: {
      build,
      isolatedUserModeStatus,
      isolatedUserModeFlags: isolatedUserModeStatus === Status.SUCCESS ? number('isolatedUserModeFlags') : null,
    },
    maxPids: number('maxPids'),
    maxFixedSize: number('maxFixedSize'),
    operations: (Object.keys(operations) as GuardOperation[]).filter((name) => operations[name]),
    processRecordSize: number('processRecordSize'),
  };
};
