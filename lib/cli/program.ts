/** The command line's grammar: commands, options and help, in commander's terms. What a command does is in `commands/`. */
import { Command } from 'commander';
import type { Machine } from '../emulator/machine.js';
import { TrustletError } from '../errors.js';
import { OPERATIONS } from '../guard/operations.js';
import type { OpenOptions } from '../open.js';
import type { Vsm } from '../vsm.js';
import { type BackendFlags, demoOptionsFrom, openOptionsFrom, refuseBackendFlags } from './backend-choice.js';
import { checkReport } from './commands/check.js';
import { demoReport } from './commands/demo.js';
import { explainReport, readQuestion } from './commands/explain.js';
import { guardReport, parseOperation } from './commands/guard.js';
import { type InspectOptions, inspectCommand, parseKinds } from './commands/inspect.js';
import { listReport } from './commands/list.js';
import { statusReport } from './commands/status.js';
import type { WindowsSystem } from './driver/system.js';
import { addDriverCommands } from './driver-program.js';
import type { ExitCode } from './exit-code.js';
import { INSPECTED_KINDS } from './inspect/inspected.js';
import type { CliIo } from './io.js';
import { parseJobs, parsePid } from './numbers.js';
import type { Progress } from './progress.js';
import { DEFAULT_COLUMNS, type Report } from './report.js';
import { packageVersion } from './version.js';

/** What a command has beside its backend. */
export interface Surroundings {
  readonly progress: Progress;
  /** @throws TrustletError ERR_TRUSTLET_UNSUPPORTED off Windows */
  readonly system: () => WindowsSystem;
}

/** A command whose arguments were read: which backend it needs, and what it does with it. */
export interface BackendTask {
  readonly json: boolean;
  readonly open: OpenOptions;
  readonly report: (vsm: Vsm<Machine | undefined>, surroundings: Surroundings) => Report | Promise<Report>;
}

/** A command that needs no backend. */
export interface SystemTask {
  readonly json: boolean;
  readonly manage: (system: WindowsSystem) => Report;
}

/** A command that reads files and writes as it goes. */
export interface FileTask {
  readonly perform: (io: CliIo) => Promise<ExitCode>;
}

export type Task = BackendTask | SystemTask | FileTask;

interface GlobalOptions extends BackendFlags {
  readonly json?: boolean | undefined;
}

const DESCRIPTION =
  'Finds out which processes are trustlets (IUM processes) and what the guard says about touching one.';

const AFTER_HELP = `
Exit codes:
  0   done; the process is ordinary; the operation is allowed
  1   failure
  2   wrong use
  10  the process is a trustlet, or the operation is refused because it is
  11  unknown or gone, or refused for any other reason

Examples:
  trustlet list --trustlets
  trustlet check 712
  trustlet guard read 712
  trustlet explain 712 --error 998 --api WriteProcessMemory
  trustlet explain --error 1275                  a driver that does not load
  trustlet demo                                  on the emulated machine, on any system
  trustlet list --scenario credential-guard
  trustlet inspect C:\\Windows\\System32 --only trustlet,enclave
  trustlet driver status                         on Windows: is the driver there, does it run, who signed it

A number is decimal or 0x hexadecimal. TRUSTLET_BACKEND and TRUSTLET_SCENARIO choose where no option does.
An answer can be out of date a moment later: a program acts inside guard.run, which checks and acts on one handle.`;

const OPERATIONS_HELP = `
Operations:
${OPERATIONS.map(({ operation, userApi }) => `  ${operation.padEnd(18)}${userApi}`).join('\n')}`;

const STATUS_HELP = `
Exit codes: 0 it was asked, whatever the answers are; 1 failure; 2 wrong use.`;

const INSPECT_HELP = `
It reads structure and verifies no trust: no signature, no chain. Links below a folder are not followed,
but counted as skipped.
Exit codes: 0 every file was read; 1 a path you named cannot be read; 11 a file below a folder cannot be, or a
program is damaged: truncated, or its headers are nothing to go by.`;

interface InspectFlags {
  readonly only?: string | undefined;
  readonly all?: boolean | undefined;
  readonly details?: boolean | undefined;
  readonly csv?: boolean | undefined;
  readonly jobs?: string | undefined;
}

const inspectOptions = (paths: readonly string[], flags: InspectFlags, json: boolean): InspectOptions => {
  if (json && flags.csv === true) {
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', '--json and --csv exclude each other; name one of them.');
  }
  return {
    paths,
    format: json ? 'json' : flags.csv === true ? 'csv' : 'text',
    all: flags.all === true,
    details: flags.details === true,
    only: flags.only === undefined ? [] : parseKinds(flags.only),
    jobs: flags.jobs === undefined ? undefined : parseJobs(flags.jobs),
  };
};

/** What the program writes by itself: its help and version. Errors come back as exceptions. */
export interface ProgramOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly columns: number | undefined;
}

const newProgram = (output: ProgramOutput): Command => {
  const width = (): number => output.columns ?? DEFAULT_COLUMNS;
  return new Command('trustlet')
    .description(DESCRIPTION)
    .exitOverride()
    .configureOutput({
      writeOut: output.out,
      writeErr: output.err,
      outputError: () => {},
      getOutHelpWidth: width,
      getErrHelpWidth: width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .version(packageVersion(), '-V, --version', 'write the version')
    .helpOption('-h, --help', 'write this help')
    .helpCommand('help [command]', 'write the help of a command')
    .option('--backend <name>', 'who is asked: auto, driver, ntdll or emulated (default: auto)')
    .option('--scenario <name|file>', 'the emulated machine: a built-in scenario, or a JSON file')
    .option('--json', 'write one JSON document')
    .addHelpText('after', AFTER_HELP);
};

/**
 * @param environment where TRUSTLET_SCENARIO is looked up
 * @param start called with the task of the command that was given, once its arguments were read
 * @returns the program; its `parseAsync` rejects with CommanderError for wrong use and where help or the version was written, and TrustletError
 * ERR_TRUSTLET_ARGUMENT or ERR_TRUSTLET_UNSUPPORTED for arguments that cannot be
 */
export const buildProgram = (
  environment: Readonly<Record<string, string | undefined>>,
  output: ProgramOutput,
  start: (task: Task) => Promise<void>,
): Command => {
  const program = newProgram(output);
  const begin = (report: BackendTask['report']): Promise<void> => {
    const { json, ...flags } = program.opts<GlobalOptions>();
    return start({ json: json === true, open: openOptionsFrom(flags, environment), report });
  };

  program
    .command('status')
    .description(
      'is VBS really on: VSM, HVCI, Credential Guard, each with its evidence; and who answers, with the driver’s state',
    )
    .addHelpText('after', STATUS_HELP)
    .action(() => begin((vsm, { system }) => statusReport(vsm, system)));
  program
    .command('list')
    .description('every process and what it is; exit code 11 if any but a pseudo-process is unknown')
    .option('--trustlets', 'leave the ordinary processes out (the unknown ones stay)')
    .action((options: { readonly trustlets?: boolean }) =>
      begin((vsm, { progress }) => listReport(vsm, options.trustlets === true, progress)),
    );
  program
    .command('check')
    .description('what one process is: exit code 0 ordinary, 10 trustlet, 11 unknown')
    .argument('<pid>', 'process id')
    .action((text: string) => {
      const pid = parsePid(text);
      return begin((vsm) => checkReport(vsm, pid));
    });
  program
    .command('guard')
    .description('would the guard allow this operation; nothing is done to the process')
    .argument('<operation>', 'what you mean to do, see below')
    .argument('<pid>', 'process id')
    .addHelpText('after', OPERATIONS_HELP)
    .action((operation: string, text: string) => {
      const entry = parseOperation(operation);
      const pid = parsePid(text);
      return begin((vsm) => guardReport(vsm, entry, pid));
    });
  program
    .command('explain')
    .description('why touching a process, loading a driver or starting an enclave fails, with evidence and next step')
    .argument('[pid]', 'process id; left out where the error is about no process')
    .option(
      '--error <code>',
      'the error met: a Win32 code, an NTSTATUS (0xc0000022, -1073741790), an HRESULT, or a name (ERROR_NOACCESS)',
    )
    .option('--api <name>', 'the call that failed: an operation (read) or a function (WriteProcessMemory)')
    .action((text: string | undefined, options: { readonly error?: string; readonly api?: string }) => {
      const question = readQuestion(text, options);
      return begin((vsm) => explainReport(vsm, question));
    });
  program
    .command('inspect')
    .description('would these files run as trustlets or VBS enclaves, by their structure; on any system')
    .argument('<paths...>', 'files, and folders with all that is below them')
    .option('--only <kinds>', `list these kinds alone: ${INSPECTED_KINDS.join(', ')}`)
    .option('--all', 'list the files below a folder that are no programs too')
    .option('--details', 'the full account of every file listed; of a single file that is the default')
    .option('--csv', 'write comma-separated rows; a cell that a spreadsheet would run begins with an apostrophe')
    .option('--jobs <n>', 'worker threads at most, for many files (default: by the machine)')
    .addHelpText('after', INSPECT_HELP)
    .action((paths: string[], options: InspectFlags) => {
      const { json, ...flags } = program.opts<GlobalOptions>();
      refuseBackendFlags(flags, 'trustlet inspect reads files');
      const inspection = inspectOptions(paths, options, json === true);
      return start({ perform: (io) => inspectCommand(inspection, io) });
    });
  program
    .command('demo')
    .description('what happens to those who touch a trustlet, shown on the emulated machine')
    .argument('[scenario]', 'a built-in scenario, or a JSON file (default: credential-guard)')
    .option('--html <file>', 'write its pictures as one page too; a file that is there is replaced')
    .action((scenario: string | undefined, { html }: { readonly html?: string }) => {
      const { json, ...flags } = program.opts<GlobalOptions>();
      return start({
        json: json === true,
        open: demoOptionsFrom(scenario, flags, environment),
        report: (vsm) => demoReport(vsm, html),
      });
    });
  addDriverCommands(program, (manage) => {
    const { json, ...flags } = program.opts<GlobalOptions>();
    refuseBackendFlags(flags, 'trustlet driver manages the driver of this machine');
    return start({ json: json === true, manage });
  });
  return program;
};
