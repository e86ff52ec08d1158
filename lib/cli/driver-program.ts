/** The grammar of `trustlet driver …`. */
import { type Command, Option } from 'commander';
import { TrustletError } from '../errors.js';
import { driverReport } from './commands/driver.js';
import { startDriver, stopDriver } from './driver/control.js';
import { type InstallOptions, installDriver, START_CHOICES, type StartChoice } from './driver/install.js';
import { serviceAccount } from './driver/service-sid.js';
import { statusOfDriver } from './driver/status.js';
import type { WindowsSystem } from './driver/system.js';
import { uninstallDriver } from './driver/uninstall.js';
import type { Report } from './report.js';

const AFTER_HELP = `
The npm package holds no driver. Build it with the WDK from a clone of the repository (msbuild driver\\trustlet.vcxproj) and sign it:
docs/driver.md, "Build" and "Sign". What \`npm run build:driver\` makes is a test artefact for Wine, and is not taken.

install, start, stop and uninstall need an elevated prompt where there is something to change; status does not.
Exit codes: 0 done, or so already; 1 refused or not finished; 2 wrong use.`;

interface InstallFlags {
  readonly file?: string;
  readonly start?: StartChoice;
  readonly allowTestBuild?: boolean;
  /** false: --no-service-account. */
  readonly serviceAccount?: string | false;
}

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT */
const installOptions = ({ file, start, allowTestBuild, serviceAccount: client }: InstallFlags): InstallOptions => {
  if (!file) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      '--file <path> names the trustlet.sys to install. The npm package holds none: it is your own build, made with the WDK and signed ' +
        '(msbuild driver\\trustlet.vcxproj in a clone of the repository; docs/driver.md, "Build" and "Sign").',
    );
  }
  return {
    file,
    start,
    client: client === false ? null : client === undefined ? undefined : serviceAccount(client),
    allowTestBuild: allowTestBuild === true,
  };
};

/**
 * @param program the `trustlet` command
 * @param begin called with what the command does; where there is no driver to manage it says so before the arguments are looked at
 */
export const addDriverCommands = (
  program: Command,
  begin: (manage: (system: WindowsSystem) => Report) => Promise<void>,
): void => {
  const driver = program
    .command('driver')
    .description('the driver of this machine: install, start, stop, uninstall it, or ask what is there')
    .addHelpText('after', AFTER_HELP);
  driver
    .command('install')
    .description('copy the driver’s file and make its service; what is so already stays')
    .option('--file <path>', 'the trustlet.sys to install: your own build, signed')
    .addOption(
      new Option('--start <when>', 'when Windows starts it (default: demand; an installed one keeps its own)').choices(
        START_CHOICES,
      ),
    )
    .option('--service-account <name>', 'a service that may open the device too, e.g. "NT SERVICE\\MyAgent"')
    .option('--no-service-account', 'nobody but administrators may open the device any more')
    .option('--allow-test-build', 'take the mingw build of the tests too; for Wine')
    .action((flags: InstallFlags) => begin((system) => driverReport(installDriver(system, installOptions(flags)))));
  driver
    .command('start')
    .description('start it')
    .action(() => begin((system) => driverReport(startDriver(system))));
  driver
    .command('stop')
    .description('stop it; exit code 1 while somebody still has its device open')
    .action(() => begin((system) => driverReport(stopDriver(system))));
  driver
    .command('status')
    .description('is it installed, does it run, which file, who signed it, who may open it')
    .action(() => begin((system) => driverReport(statusOfDriver(system))));
  driver
    .command('uninstall')
    .description('stop it, delete its service and remove its file')
    .action(() => begin((system) => driverReport(uninstallDriver(system))));
};
