/** Runs the helper: one process of the system's own PowerShell, bounded in time and output, ended when it takes longer. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ConfigurationLimits } from '../backend.js';
import { POWERSHELL, reachable, type SystemSource, system32Of, systemRootOf } from '../system-folder.js';
import type { PostureConfiguration } from '../types.js';
import { silentConfiguration } from './configuration.js';
import { readHelperOutput } from './helper-output.js';
import { HELPER_ARGUMENTS } from './helper-script.js';

/** A program to start, and what it is given. */
export interface HelperCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The answer is a few kilobytes. */
const LONGEST_OUTPUT: number = 64 * 1024;
const LONGEST_COMPLAINT = 300;
/** Milliseconds a process that was ended gets to be gone. */
const FAREWELL_MS = 2000;

/** How a run went. */
interface Ended {
  readonly why: 'exited' | 'timed-out' | 'too-long' | 'aborted' | 'not-started';
  readonly exitCode: number | null;
  readonly output: string;
  readonly complaint: string;
  readonly error: NodeJS.ErrnoException | null;
}

/** One run, from start to the end of its process. */
class HelperRun {
  readonly #limits: ConfigurationLimits;
  readonly #settle: (ended: Ended) => void;
  readonly #child: ChildProcess;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #output: Buffer[] = [];
  #outputLength = 0;
  #complaint = '';
  #why: Ended['why'] = 'exited';
  #settled = false;

  constructor(command: HelperCommand, limits: ConfigurationLimits, settle: (ended: Ended) => void) {
    this.#limits = limits;
    this.#settle = settle;
    this.#child = spawn(command.file, [...command.args], {
      cwd: command.cwd,
      env: { ...command.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      shell: false,
    });
    this.#child.on('error', (error) => this.#finish(null, error));
    this.#child.once('close', (code) => this.#finish(code, null));
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#complaint.length < LONGEST_COMPLAINT) this.#complaint += chunk.toString('latin1');
    });
    this.#timers.push(setTimeout(() => this.#end('timed-out'), limits.timeoutMs));
    limits.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  readonly #abort = (): void => this.#end('aborted');

  #take(chunk: Buffer): void {
    this.#outputLength += chunk.length;
    if (this.#outputLength > LONGEST_OUTPUT) this.#end('too-long');
    else this.#output.push(chunk);
  }

  /** Ends the process, and settles once it is gone. */
  #end(why: Ended['why']): void {
    if (this.#settled || this.#why !== 'exited') return;
    this.#why = why;
    this.#child.kill('SIGKILL');
    // Whoever else holds its pipes must not keep us: the process itself is what was asked to go.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#timers.push(setTimeout(() => this.#finish(null, null), FAREWELL_MS));
  }

  #finish(exitCode: number | null, error: NodeJS.ErrnoException | null): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#limits.signal?.removeEventListener('abort', this.#abort);
    this.#settle({
      why: error === null ? this.#why : 'not-started',
      exitCode,
      output: Buffer.concat(this.#output).toString('utf8'),
      complaint: this.#complaint
        .slice(0, LONGEST_COMPLAINT)
        .replaceAll(/[^\x20-\x7e]+/g, ' ')
        .trim(),
      error,
    });
  }
}

const configurationOf = (ended: Ended, { timeoutMs }: ConfigurationLimits): PostureConfiguration => {
  const { why, exitCode, output, complaint, error } = ended;
  const said = complaint === '' ? '' : `: ${complaint}`;
  switch (why) {
    case 'not-started':
      return error?.code === 'ENOENT'
        ? silentConfiguration('unavailable', 'this system has no powershell.exe')
        : silentConfiguration(
            error?.code === 'EACCES' || error?.code === 'EPERM' ? 'refused' : 'failed',
            `powershell.exe could not be started: ${error?.code ?? error?.message}`,
          );
    case 'timed-out':
      return silentConfiguration('timed-out', `PowerShell did not answer within ${timeoutMs} ms and was ended`);
    case 'too-long':
      return silentConfiguration('malformed', `PowerShell printed more than ${LONGEST_OUTPUT} bytes and was ended`);
    default:
      return exitCode === 0
        ? readHelperOutput(output)
        : silentConfiguration('failed', `PowerShell ended with exit code ${exitCode ?? 'none'}${said}`);
  }
};

/**
 * Starts the command and waits for its end. Nothing it started is left running when the promise settles, but a process that Windows
 * itself cannot end within two seconds.
 *
 * @throws the signal's reason once it is aborted
 */
export const runHelper = async (command: HelperCommand, limits: ConfigurationLimits): Promise<PostureConfiguration> => {
  limits.signal?.throwIfAborted();
  const ended = await new Promise<Ended>((resolve) => {
    new HelperRun(command, limits, resolve);
  });
  if (ended.why === 'aborted') limits.signal?.throwIfAborted();
  return configurationOf(ended, limits);
};

/**
 * What WMI and the registry of this Windows say; costs a second or so, nearly all of it PowerShell's start.
 *
 * @param source where this process runs; a test passes its own
 * @param run starts the helper; a test passes its own
 * @throws the signal's reason once it is aborted; nothing else: what goes wrong is in the answer
 */
export const readWindowsConfiguration = async (
  limits: ConfigurationLimits,
  source: SystemSource = process,
  run: typeof runHelper = runHelper,
): Promise<PostureConfiguration> => {
  if (source.platform !== 'win32') {
    return silentConfiguration('unavailable', `there is no WMI and no Windows registry on ${source.platform}`);
  }
  const systemRoot = systemRootOf(source);
  if (systemRoot === null) {
    return silentConfiguration('unavailable', '%SystemRoot% names no folder, so PowerShell cannot be found');
  }
  const file = reachable(`${system32Of(systemRoot)}\\${POWERSHELL}`, systemRoot, source);
  // Node adds the few variables without which no program of Windows runs; nothing else of the caller's goes there.
  return run({ file, args: HELPER_ARGUMENTS, cwd: systemRoot, env: { SystemRoot: systemRoot } }, limits);
};
