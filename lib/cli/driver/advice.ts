/** What a Win32 error of the service manager means here, and what to do about it (docs/driver.md, "When it does not work"). */
import { TrustletError } from '../../errors.js';

/** What was being done, as it reads in `The driver could not be …`. */
export type DriverStep = 'queried' | 'installed' | 'configured' | 'started' | 'stopped' | 'removed';

interface Advice {
  /** The name of the error in winerror.h. */
  readonly name: string;
  readonly why: string;
  readonly todo: string;
}

const SIGNING =
  'Let Microsoft sign the driver; or, on a test machine of its own: test-sign it, switch Secure Boot off, run `bcdedit /set testsigning on`, restart';

const ADVICE: Readonly<Record<number, Advice>> = {
  2: {
    name: 'ERROR_FILE_NOT_FOUND',
    why: 'nothing lies at the path of the service',
    todo: 'Install the file again: trustlet driver install --file <trustlet.sys>',
  },
  5: {
    name: 'ERROR_ACCESS_DENIED',
    why: 'Windows refused it to this account, or the driver refused to load',
    todo: 'Run it from an elevated prompt ("Run as administrator")',
  },
  127: {
    name: 'ERROR_PROC_NOT_FOUND',
    why: 'the driver needs a function that this Windows does not have',
    todo: 'Use a build that is meant for this version of Windows',
  },
  193: {
    name: 'ERROR_BAD_EXE_FORMAT',
    why: 'the file is no driver for this machine, or it is damaged',
    todo: 'Install a build for this processor: trustlet driver install --file <trustlet.sys>',
  },
  577: {
    name: 'ERROR_INVALID_IMAGE_HASH',
    why:
      'Windows does not accept its signature: it has none, it was changed after signing, or it is test-signed where test signing is off or Secure Boot is on; ' +
      'under memory integrity (HVCI) the secure kernel checks it too',
    todo: `\`trustlet status\` shows signature, test signing, Secure Boot and HVCI. ${SIGNING} (docs/driver.md, "Sign")`,
  },
  1051: {
    name: 'ERROR_DEPENDENT_SERVICES_RUNNING',
    why: 'services that depend on it are running',
    todo: 'Stop those first: `sc.exe enumdepend trustlet` lists them',
  },
  1052: {
    name: 'ERROR_INVALID_SERVICE_CONTROL',
    why: 'what runs cannot be unloaded as it is',
    todo: 'Restart the machine',
  },
  1056: {
    name: 'ERROR_SERVICE_ALREADY_RUNNING',
    why: 'it runs already, or it is still stopping',
    todo: '`trustlet driver status` says which. While it is stopping, close whoever has the device open, or restart',
  },
  1058: {
    name: 'ERROR_SERVICE_DISABLED',
    why: "the service's start type is `disabled`",
    todo: '`sc.exe config trustlet start= demand` enables it again',
  },
  1060: {
    name: 'ERROR_SERVICE_DOES_NOT_EXIST',
    why: 'it is not installed',
    todo: 'Install it first: trustlet driver install --file <trustlet.sys>',
  },
  1061: {
    name: 'ERROR_SERVICE_CANNOT_ACCEPT_CTRL',
    why: 'it is just starting or stopping',
    todo: 'Wait a moment and ask again: trustlet driver status',
  },
  1062: { name: 'ERROR_SERVICE_NOT_ACTIVE', why: 'it does not run', todo: 'Nothing is left to do' },
  1072: {
    name: 'ERROR_SERVICE_MARKED_FOR_DELETE',
    why: 'the service was deleted, and somebody still has it open (services.msc, another prompt, a driver that is still stopping)',
    todo: 'Stop the driver and close those programs, then try again; a restart ends it too',
  },
  1073: {
    name: 'ERROR_SERVICE_EXISTS',
    why: 'a service of this name was made meanwhile',
    todo: '`trustlet driver status` shows it',
  },
  1275: {
    name: 'ERROR_DRIVER_BLOCKED',
    why: 'a policy of this machine blocks it: memory integrity (HVCI), a code integrity policy, or the list of vulnerable drivers',
    todo:
      'The event log Microsoft-Windows-CodeIntegrity/Operational names the policy; `trustlet status` shows HVCI. An administrator can allow the driver in ' +
      'that policy, and memory integrity takes only drivers built for it (the WDK project is)',
  },
  1337: {
    name: 'ERROR_INVALID_SID',
    why: 'the value ClientServiceSid is there and is not exactly the SID of one service',
    todo: 'Write it anew with `trustlet driver install --service-account <name>`, or remove it with --no-service-account',
  },
};

/** @returns e.g. `577 ERROR_INVALID_IMAGE_HASH`, or the bare number */
export const errorName = (win32: number): string => {
  const name = ADVICE[win32]?.name;
  return name === undefined ? String(win32) : `${win32} ${name}`;
};

/**
 * The error to throw for a step that the service manager refused.
 * @param win32 null where it gave no reason
 */
export const refusedStep = (step: DriverStep, win32: number | null): TrustletError => {
  const advice = win32 === null ? undefined : ADVICE[win32];
  const what = `The driver could not be ${step}`;
  if (win32 === null) {
    return new TrustletError(
      'ERR_TRUSTLET_BACKEND',
      `${what}: sc.exe failed and gave no reason. \`trustlet driver status\` shows what is there; the System event log may say why.`,
    );
  }
  return new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    advice === undefined
      ? `${what}: Windows error ${win32}. \`net helpmsg ${win32}\` says what it means; the System event log may say more.`
      : `${what}: ${advice.why} (error ${errorName(win32)}). ${advice.todo}.`,
    { win32 },
  );
};

/** Before anything was changed. @param what e.g. `Installing the driver` */
export const notElevated = (what: string): TrustletError =>
  new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    `${what} needs an administrator, and this prompt is not elevated. Nothing was changed. Open one with "Run as administrator" and repeat the command.`,
    { win32: 5 },
  );

/** Why a stop does not come to its end. */
export const STOP_PENDING_ADVICE: string =
  'It is still stopping (STOP_PENDING): somebody has its device open, and Windows unloads a driver only after the last handle is closed. Until then nobody ' +
  'can open the device or start the driver again. Close the programs that use it (Sysinternals: handle.exe Trustlet), or restart the machine.';
