/** `trustlet driver install`: a file that fits, a service, and who may open the device. Everything is checked before anything is changed. */
import { TrustletError } from '../../errors.js';
import { errorName, refusedStep } from './advice.js';
import {
  askDriver,
  askSignature,
  type DriverFacts,
  type DriverFile,
  driverPath,
  readDriverFile,
  runToEnd,
} from './facts.js';
import { type Architecture, objectionTo } from './image.js';
import { type Outcome, requireElevation } from './outcome.js';
import { CLIENT_SID_VALUE, PARAMETERS_KEY, readRegistryValues, SERVICE, samePath, scOutcome } from './service.js';
import type { ServiceAccount } from './service-sid.js';
import type { Signature } from './signature.js';
import type { WindowsSystem } from './system.js';

export const START_CHOICES = ['demand', 'system', 'auto'] as const;
export type StartChoice = (typeof START_CHOICES)[number];

export interface InstallOptions {
  /** Path of the trustlet.sys to install. */
  readonly file: string;
  /** undefined: `demand` for a new service, and an existing one keeps its own. */
  readonly start: StartChoice | undefined;
  /** Who may open the device beside administrators; null: nobody any more; undefined: as it is. */
  readonly client: ServiceAccount | null | undefined;
  /** Take the mingw build of the tests. */
  readonly allowTestBuild: boolean;
}

/** What is left to do. */
interface Plan {
  readonly copy: boolean;
  readonly create: StartChoice | null;
  readonly configure: StartChoice | null;
  readonly client: ServiceAccount | null | undefined;
}

const MARKED_FOR_DELETION = 1072;

const refused = (message: string, cause?: unknown): TrustletError =>
  new TrustletError('ERR_TRUSTLET_BACKEND', `The driver could not be installed: ${message}`, { cause });

const ENVIRONMENT_KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment';
const ARCHITECTURES: Readonly<Record<string, Architecture>> = { amd64: 'x64', arm64: 'arm64', x86: 'x86' };

/** The machine's own processor, whatever this process is emulated as. */
const askArchitecture = (system: WindowsSystem): Architecture => {
  const ran = runToEnd(system, 'reg', ['query', ENVIRONMENT_KEY, '/v', 'PROCESSOR_ARCHITECTURE']);
  const name = readRegistryValues(ran.stdout).get('processor_architecture')?.data.trim().toLowerCase() ?? '';
  return ARCHITECTURES[name] ?? `unknown(${name})`;
};

/** @throws TrustletError for a file that is not to be installed here */
const readSource = (system: WindowsSystem, { file, allowTestBuild }: InstallOptions): DriverFile => {
  const source = readDriverFile(system, file);
  if (source === null)
    throw refused(
      `there is no file ${file}. --file names the trustlet.sys of your own build (docs/driver.md, "Build").`,
    );
  if (source.image === null) {
    throw new TrustletError(
      'ERR_TRUSTLET_FORMAT',
      `The driver could not be installed: ${file} is no complete 64-bit PE image. Name the trustlet.sys of your own build.`,
    );
  }
  const objection = objectionTo(source.image, askArchitecture(system), allowTestBuild);
  if (objection !== null) throw refused(`${file} is not taken, because ${objection}. Nothing was changed.`);
  return source;
};

/** @throws TrustletError for a service that is another's business */
export const requireOwnService = (
  { service }: DriverFacts,
  system: WindowsSystem,
  step: 'installed' | 'removed',
): void => {
  if (service === null) return;
  const trouble = !service.kernelDriver
    ? `a service named ${SERVICE} is there, and it is no kernel driver. It is not ours to change: \`sc.exe qc ${SERVICE}\` shows it.`
    : samePath(service.path, driverPath(system))
      ? null
      : `the service ${SERVICE} is installed from ${service.path}, by its INF or by another product. Remove it the way it came ` +
        '(pnputil /delete-driver oemN.inf /uninstall; docs/driver.md). Nothing was changed.';
  if (trouble !== null) throw new TrustletError('ERR_TRUSTLET_BACKEND', `The driver could not be ${step}: ${trouble}`);
};

/** Whether the file has to be copied. @throws TrustletError where another one is in the way */
const needsCopy = ({ service, file }: DriverFacts, source: DriverFile): boolean => {
  if (file === null) return true;
  if (file.sha256 === source.sha256) return false;
  if (service !== null && service.state !== 'stopped') {
    throw refused(
      `a different trustlet.sys is in use (the driver is ${service.state}). Stop it first: trustlet driver stop. Nothing was changed.`,
    );
  }
  if (file.image?.trustlet !== true) {
    throw refused(
      `${file.path} is there, and it is no driver of trustlet's. Move it away if nobody needs it. Nothing was changed.`,
    );
  }
  return true;
};

const clientToSet = ({ service }: DriverFacts, { client }: InstallOptions): Plan['client'] => {
  const now = service?.clientServiceSid ?? null;
  return client === undefined || (client?.sid ?? null) === now ? undefined : client;
};

const planOf = (facts: DriverFacts, source: DriverFile, options: InstallOptions): Plan => {
  const { service } = facts;
  if (service?.markedForDeletion === true) throw refusedStep('installed', MARKED_FOR_DELETION);
  return {
    copy: needsCopy(facts, source),
    create: service === null ? (options.start ?? 'demand') : null,
    configure:
      service !== null && options.start !== undefined && service.start !== options.start ? options.start : null,
    client: clientToSet(facts, options),
  };
};

const copyTo = (system: WindowsSystem, path: string, bytes: Uint8Array): void => {
  try {
    system.replaceFile(path, bytes);
  } catch (cause) {
    throw refused(
      `${path} cannot be written: ${(cause as Error).message}. It takes an elevated prompt, and no driver that runs from that file. Nothing was changed.`,
      cause,
    );
  }
};

/** Back to what was there before, as far as that goes. @returns what to add to the message */
const undoCopy = (system: WindowsSystem, path: string, before: DriverFile | null): string => {
  try {
    if (before === null) system.removeFile(path);
    else system.replaceFile(path, before.bytes);
    return '';
  } catch (error) {
    return ` The new file was left at ${path}: ${(error as Error).message}.`;
  }
};

const createService = (system: WindowsSystem, start: StartChoice, copied: boolean, before: DriverFile | null): void => {
  const path = driverPath(system);
  // Each value is an argument of its own after its `name=`, as sc.exe wants it.
  const settings = ['type=', 'kernel', 'start=', start, 'error=', 'normal', 'binPath=', path, 'DisplayName=', SERVICE];
  const outcome = scOutcome(runToEnd(system, 'sc', ['create', SERVICE, ...settings]));
  if (outcome === 0) return;
  const error = refusedStep('installed', outcome);
  const left = copied ? undoCopy(system, path, before) : '';
  throw new TrustletError('ERR_TRUSTLET_BACKEND', `${error.message}${left}`, { win32: error.win32 });
};

const configureStart = (system: WindowsSystem, start: StartChoice): void => {
  const outcome = scOutcome(runToEnd(system, 'sc', ['config', SERVICE, 'start=', start]));
  if (outcome !== 0) throw refusedStep('configured', outcome);
};

const setClient = (system: WindowsSystem, client: ServiceAccount | null): void => {
  const value = ['/v', CLIENT_SID_VALUE];
  const { exitCode } =
    client === null
      ? runToEnd(system, 'reg', ['delete', PARAMETERS_KEY, ...value, '/f'])
      : runToEnd(system, 'reg', ['add', PARAMETERS_KEY, ...value, '/t', 'REG_BINARY', '/d', client.hex, '/f']);
  if (exitCode === 0) return;
  throw new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    `File and service are installed, and the value ${CLIENT_SID_VALUE} of ${PARAMETERS_KEY} could not be changed (reg.exe ended with ${exitCode}). ` +
      'Who may open the device is as before. Repeat the command from an elevated prompt.',
  );
};

const carryOut = (system: WindowsSystem, plan: Plan, source: DriverFile, before: DriverFile | null): string[] => {
  const changed: string[] = [];
  const path = driverPath(system);
  if (plan.copy) {
    copyTo(system, path, source.bytes);
    changed.push(`copied the file to ${path}`);
  }
  if (plan.create !== null) {
    createService(system, plan.create, plan.copy, before);
    changed.push(`made the service ${SERVICE} (kernel driver, start ${plan.create})`);
  }
  if (plan.configure !== null) {
    configureStart(system, plan.configure);
    changed.push(`set the start type to ${plan.configure}`);
  }
  if (plan.client !== undefined) {
    setClient(system, plan.client);
    changed.push(
      plan.client === null ? 'let in no service any more' : `let in ${plan.client.account} (${plan.client.sid})`,
    );
  }
  return changed;
};

const SIGNATURE_NOTES: Readonly<Record<Signature['state'], string | null>> = {
  valid: null,
  'test-signed': `Windows starts it only with test signing on and Secure Boot off; else it refuses with ${errorName(577)}.`,
  unsigned: `No signature was found: without one Windows refuses to start it, with ${errorName(577)}. docs/driver.md, "Sign", has the ways.`,
  broken: `It was changed after it was signed: Windows refuses to start it, with ${errorName(577)}. Sign it again.`,
  unknown: null,
};

const notesOn = (facts: DriverFacts, plan: Plan, signature: Signature | null): string[] => {
  const running = facts.service?.state === 'running';
  const notes: (string | null)[] = [
    signature === null || running ? null : SIGNATURE_NOTES[signature.state],
    facts.file?.image?.controlFlowGuard === false
      ? 'This is the mingw build of the tests. It is not the driver to ship.'
      : null,
    plan.client
      ? `That service must ask for its SID: sc.exe sidtype ${JSON.stringify(plan.client.account.slice('NT SERVICE\\'.length))} unrestricted, then start it again.`
      : null,
    plan.client !== undefined && running ? 'The driver reads who may open it when it starts: stop and start it.' : null,
    running ? null : 'Start it: trustlet driver start',
  ];
  return notes.filter((note) => note !== null);
};

/**
 * Idempotent: what is so already stays, and where nothing is to do no administrator is needed. A file that is in use is never replaced; a
 * service that could not be made takes its file with it.
 *
 * @throws TrustletError ERR_TRUSTLET_BACKEND for a file that does not fit, another's service, no elevation (win32 5), or what the service
 * manager refused (`win32`); ERR_TRUSTLET_FORMAT for a file that is no PE image
 */
export const installDriver = (system: WindowsSystem, options: InstallOptions): Outcome => {
  const source = readSource(system, options);
  const before = askDriver(system);
  requireOwnService(before, system, 'installed');
  const plan = planOf(before, source, options);
  const something = plan.copy || plan.create !== null || plan.configure !== null || plan.client !== undefined;
  if (something) requireElevation(system, 'Installing the driver');
  const changed = carryOut(system, plan, source, before.file);
  const facts = askDriver(system);
  const signature = facts.file === null ? null : askSignature(system, facts.file);
  return { action: 'install', done: true, changed, notes: notesOn(facts, plan, signature), facts, signature };
};
