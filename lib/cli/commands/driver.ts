/** What a `trustlet driver …` command came to, for machines and for people. */
import type { DriverFacts } from '../driver/facts.js';
import type { Architecture } from '../driver/image.js';
import type { DriverAction, Outcome } from '../driver/outcome.js';
import { SERVICE, type ServiceState, type StartType } from '../driver/service.js';
import type { Signature } from '../driver/signature.js';
import { ExitCode } from '../exit-code.js';
import { JSON_SCHEMA } from '../json.js';
import { DEFAULT_COLUMNS, type Report, type View } from '../report.js';
import type { Style } from '../style.js';
import { pad, printable, wrap } from '../text.js';

/** The driver of this machine as the JSON documents have it: every member is always there. */
export interface DriverDocument {
  readonly service: string;
  readonly installed: boolean;
  /** null when it is not installed, here and in the next four. */
  readonly state: ServiceState | null;
  readonly start: StartType | null;
  readonly kernelDriver: boolean | null;
  readonly markedForDeletion: boolean | null;
  /** Where the service expects its file. */
  readonly path: string | null;
  /** SID of the service that may open the device beside administrators, `invalid`, or null for none. */
  readonly clientServiceSid: string | null;
  /** What lies there (without a service: where `install` would put it); null when nothing does. */
  readonly file: DriverFileDocument | null;
  /** null where there is no file, or the command did not ask. */
  readonly signature: Signature | null;
}

export interface DriverFileDocument {
  readonly path: string;
  readonly sha256: string;
  /** null in this and the next four for what is no driver. */
  readonly machine: Architecture | null;
  /** File version, e.g. `0.1.0.0`. */
  readonly version: string | null;
  readonly forceIntegrity: boolean | null;
  /** false: the mingw build of the tests. */
  readonly controlFlowGuard: boolean | null;
  /** A driver of trustlet's, by its device's name. */
  readonly trustlet: boolean | null;
}

/** The whole document of a `driver` command. */
export interface DriverReportDocument {
  readonly schema: number;
  readonly action: DriverAction;
  /** The driver is as it was wanted. */
  readonly done: boolean;
  /** Sentences for people, one a change; empty when everything was so already. */
  readonly changed: readonly string[];
  /** Sentences for people. */
  readonly notes: readonly string[];
  readonly driver: DriverDocument;
}

const fileDocument = ({ file }: DriverFacts): DriverFileDocument | null => {
  if (file === null) return null;
  const { path, sha256, image } = file;
  return {
    path,
    sha256,
    machine: image?.machine ?? null,
    version: image?.version ?? null,
    forceIntegrity: image?.forceIntegrity ?? null,
    controlFlowGuard: image?.controlFlowGuard ?? null,
    trustlet: image?.trustlet ?? null,
  };
};

export const driverDocument = (facts: DriverFacts, signature: Signature | null): DriverDocument => {
  const { service } = facts;
  return {
    service: SERVICE,
    installed: service !== null,
    state: service?.state ?? null,
    start: service?.start ?? null,
    kernelDriver: service?.kernelDriver ?? null,
    markedForDeletion: service?.markedForDeletion ?? null,
    path: service?.path ?? null,
    clientServiceSid: service?.clientServiceSid ?? null,
    file: fileDocument(facts),
    signature,
  };
};

export const styleOfState = (state: ServiceState | null): Style => {
  if (state === 'running') return 'good';
  return state === null || state === 'stopped' ? 'plain' : 'unknown';
};

/** e.g. `0.1.0.0, x64, C:\Windows\System32\drivers\trustlet.sys`. */
export const fileText = (file: DriverFileDocument): string =>
  [file.version, file.machine ?? 'no driver', file.path].filter((part) => part !== null).join(', ');

/** Who may open the device beside SYSTEM. */
const openedBy = (sid: string | null): string => (sid === null ? 'administrators' : `administrators, and ${sid}`);

const LABEL_WIDTH = 12;

const linesOf = (
  { action, done, changed, notes, driver }: DriverReportDocument,
  { paint, columns }: View,
): string[] => {
  const width = columns ?? DEFAULT_COLUMNS;
  const line = (label: string, value: string): string => `${pad(label, LABEL_WIDTH)}${printable(value)}`;
  const { file, signature } = driver;
  const indented = (mark: string, text: string): string[] =>
    wrap(printable(text), width - mark.length).map(
      (part, index) => `${index === 0 ? mark : pad('', mark.length)}${part}`,
    );
  const installed = [
    line('start', `${driver.start}${driver.markedForDeletion === true ? ', marked for deletion' : ''}`),
    line('opened by', openedBy(driver.clientServiceSid)),
  ];
  const idle = action !== 'status' && done && changed.length === 0;
  return [
    ...(idle ? ['- nothing to do: it is so already'] : []),
    ...changed.flatMap((change) => indented('- ', change)),
    `${pad('driver', LABEL_WIDTH)}${paint(styleOfState(driver.state), driver.state ?? 'not installed')}`,
    ...(driver.installed ? installed : []),
    line('file', file === null ? 'none' : fileText(file)),
    ...(signature === null ? [] : [line('signature', `${signature.state}: ${signature.evidence}`)]),
    ...(signature?.signer ? [line('signer', signature.signer)] : []),
    ...notes.flatMap((note) => indented('note: ', note)),
  ];
};

/** @returns exit code 1 where the driver is not as it was wanted */
export const driverReport = ({ action, done, changed, notes, facts, signature }: Outcome): Report => {
  const document: DriverReportDocument = {
    schema: JSON_SCHEMA,
    action,
    done,
    changed,
    notes,
    driver: driverDocument(facts, signature),
  };
  return {
    exitCode: done ? ExitCode.DONE : ExitCode.FAILURE,
    document: { ...document },
    lines: (view) => linesOf(document, view),
  };
};
