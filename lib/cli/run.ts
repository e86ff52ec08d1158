/** One run of the command line: arguments in, text and an exit code out. */
import { CommanderError } from 'commander';
import type { Machine } from '../emulator/machine.js';
import { TrustletError } from '../errors.js';
import { type OpenOptions, openIn } from '../open.js';
import type { Vsm } from '../vsm.js';
import { type WindowsSystem, windowsSystem } from './driver/system.js';
import { ExitCode } from './exit-code.js';
import { failureOf } from './failure.js';
import type { CliIo } from './io.js';
import { stringify } from './json.js';
import { buildProgram, type Task } from './program.js';
import { progressOn } from './progress.js';
import type { Report } from './report.js';
import { painter } from './style.js';

/** A hint that only a user of the command line can follow. */
const withHint = (error: unknown, options: OpenOptions): unknown => {
  const unchosen = options.backend === undefined && options.scenario === undefined;
  if (!unchosen || !TrustletError.is(error) || error.code !== 'ERR_TRUSTLET_UNSUPPORTED') return error;
  return new TrustletError(
    error.code,
    `${error.message} Here: trustlet --backend emulated, or --scenario <name|file>.`,
    { cause: error },
  );
};

const openFor = (io: CliIo, options: OpenOptions): Vsm<Machine | undefined> => {
  if (io.open !== undefined) return io.open(options);
  const surroundings = { platform: process.platform, environment: io.env, ntdllLibrary: 'ntdll.dll' };
  try {
    return openIn(surroundings, options);
  } catch (error) {
    throw withHint(error, options);
  }
};

const systemOf = (io: CliIo): WindowsSystem =>
  io.system?.() ?? windowsSystem({ platform: process.platform, arch: process.arch, env: io.env });

const write = (report: Report, json: boolean, io: CliIo): ExitCode => {
  const view = { paint: painter(io), columns: io.columns };
  io.stdout.write(json ? stringify(report.document) : `${report.lines(view).join('\n')}\n`);
  return report.exitCode;
};

const perform = async (task: Task, io: CliIo): Promise<ExitCode> => {
  if ('perform' in task) return task.perform(io);
  if ('manage' in task) return write(task.manage(systemOf(io)), task.json, io);
  const vsm = openFor(io, task.open);
  try {
    return write(await task.report(vsm, { progress: progressOn(io), system: () => systemOf(io) }), task.json, io);
  } finally {
    vsm.close();
  }
};

/** Whether errors are wanted as JSON, known before the arguments can be read. */
const asksForJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
};

/** commander's own words for wrong use, as an error of ours. */
const usageError = ({ message }: CommanderError): TrustletError =>
  new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    message === '(outputHelp)'
      ? 'Name one of the commands; trustlet --help lists them.'
      : `${message
          .replace(/^error: /, '')
          .trim()
          .replace(/\.$/, '')}; see trustlet --help.`,
  );

/**
 * Runs the command line once. Writes to `io` alone, and never ends the process.
 *
 * @param argv the arguments, without node and the program
 * @returns the exit code (see `ExitCode`); it never rejects for what a command met
 */
export const run = async (argv: readonly string[], io: CliIo): Promise<ExitCode> => {
  const json = asksForJson(argv);
  const fail = (error: unknown): ExitCode => {
    const failure = failureOf(error);
    if (json) io.stdout.write(stringify(failure.document));
    else io.stderr.write(`${failure.line}\n`);
    return failure.exitCode;
  };
  const output = {
    out: (text: string) => io.stdout.write(text),
    // commander writes here only the help it shows for a missing command.
    err: (text: string) => {
      if (!json) io.stderr.write(text);
    },
    columns: io.columns,
  };
  try {
    let code: ExitCode = ExitCode.DONE;
    const program = buildProgram(io.env, output, async (task) => {
      code = await perform(task, io);
    });
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(error);
    return error.exitCode === 0 ? ExitCode.DONE : fail(usageError(error));
  }
};
