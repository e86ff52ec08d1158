/**
 * A Windows for the driver commands: a service manager, a registry and a disk in memory, which speak through the programs of the system as
 * the real ones do, in English, German, or as Wine does (facts/wine.md 7). Everything that is run is kept.
 */
import type { Ran } from '../../../../lib/cli/driver/service.js';
import type { SystemProgram, WindowsSystem } from '../../../../lib/cli/driver/system.js';

export type Language = 'English' | 'German' | 'French' | 'Wine';

const FAILED: Readonly<Record<Language, string>> = {
  English: 'FAILED',
  German: 'FEHLER',
  French: '\u00e9chec(s)',
  Wine: '',
};

const LABELS: Readonly<Record<Language, readonly [string, string]>> = {
  English: ['TYPE', 'STATE'],
  German: ['TYP', 'STATUS'],
  French: ['TYPE', '\u00c9TAT'],
  Wine: ['TYPE', 'STATE'],
};

const STATES: Readonly<Record<number, string>> = { 1: 'STOPPED', 2: 'START_PENDING', 3: 'STOP_PENDING', 4: 'RUNNING' };

export const DRIVER_PATH = 'C:\\Windows\\System32\\drivers\\trustlet.sys';
export const SOURCE_PATH = 'D:\\build\\trustlet.sys';

const SERVICE_KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\trustlet';
const ENVIRONMENT_KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment';

const ended = (exitCode: number, stdout = ''): Ran => ({ exitCode, stdout, problem: null });

export interface FakeService {
  state: number;
  start: number;
  type: number;
  imagePath: string;
  deleted: boolean;
}

export class FakeWindows implements WindowsSystem {
  readonly systemRoot = 'C:\\Windows';
  language: Language = 'English';
  elevated: boolean | null = true;
  architecture = 'AMD64';
  service: FakeService | null = null;
  /** REG_BINARY of Parameters, or any line of `reg query`. */
  client: string | null = null;
  readonly files = new Map<string, Uint8Array>();
  /** `sc start` → 577: what a verb of sc.exe, or `reg add`, fails with. */
  readonly failures = new Map<string, number>();
  /** Programs that do not come to their end, and why. */
  readonly broken = new Map<SystemProgram, string>();
  /** What `sc start` and `sc stop` leave behind; a list is taken one state a query. */
  afterStart: number[] = [4];
  afterStop: number[] = [1];
  /** Somebody keeps the service open when it is deleted; a number: for so many milliseconds. */
  keptOpen: boolean | number = false;
  /** Of reading, writing and removing a file, by its path. */
  readonly fileErrors = new Map<string, string>();
  powershell = '';
  slept = 0;
  readonly runs: string[] = [];
  readonly environments: Readonly<Record<string, string>>[] = [];
  #coming: number[] = [];

  install(over: Partial<FakeService> = {}): this {
    this.service = { state: 1, start: 3, type: 1, imagePath: DRIVER_PATH, deleted: false, ...over };
    return this;
  }

  /** What changed something. */
  get changes(): string[] {
    return this.runs.filter((each) => !/^(?:sc query|reg query|whoami|powershell) ?/.test(each));
  }

  run(program: SystemProgram, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Ran {
    this.runs.push([program, ...(program === 'powershell' ? [] : args)].join(' '));
    this.environments.push(environment);
    const problem = this.broken.get(program);
    if (problem !== undefined) return { exitCode: null, stdout: '', problem };
    switch (program) {
      case 'sc':
        return this.#sc(args);
      case 'reg':
        return this.#reg(args);
      case 'whoami':
        return ended(0, this.#groups());
      default:
        return ended(this.powershell === '' ? 1 : 0, this.powershell);
    }
  }

  readFile(path: string): Uint8Array | null {
    this.#check('read', path);
    return this.files.get(path) ?? null;
  }

  replaceFile(path: string, bytes: Uint8Array): void {
    this.#check('write', path);
    this.runs.push(`write ${path}`);
    this.files.set(path, bytes);
  }

  removeFile(path: string): void {
    this.#check('remove', path);
    this.runs.push(`remove ${path}`);
    this.files.delete(path);
  }

  sleep(milliseconds: number): void {
    this.slept += milliseconds;
    if (typeof this.keptOpen !== 'number' || this.service?.deleted !== true) return;
    this.keptOpen -= milliseconds;
    if (this.keptOpen <= 0) this.service = this.client = null;
  }

  #check(what: string, path: string): void {
    const message = this.fileErrors.get(`${what} ${path}`);
    if (message !== undefined) throw new Error(message);
  }

  #groups(): string {
    if (this.language === 'Wine') return 'VM\\root\r\n';
    const label = this.elevated === true ? '12288' : '8192';
    const name = this.language === 'German' ? 'Verbindliche Beschriftung' : 'Mandatory Label';
    const groups = `"BUILTIN\\Users","Alias","S-1-5-32-545","Enabled"\r\n`;
    return this.elevated === null ? groups : `${groups}"${name}\\X","Label","S-1-16-${label}",""\r\n`;
  }

  #failed(call: string, code: number): Ran {
    if (this.language === 'Wine') return ended(1);
    return ended(code, `[SC] ${call} ${FAILED[this.language]} ${code}:\r\n\r\nText.\r\n\r\n`);
  }

  #block(state: number, type: number): string {
    const [typeLabel, stateLabel] = LABELS[this.language];
    const line = (label: string, value: string): string => `        ${label.padEnd(19)}: ${value}\r\n`;
    return [
      '\r\nSERVICE_NAME: trustlet \r\n',
      line(typeLabel, `${type.toString(16)}  KERNEL_DRIVER  `),
      line(stateLabel, `${state}  ${STATES[state] ?? ''} `),
      '                                (STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)\r\n',
      line('WIN32_EXIT_CODE', '1077  (0x435)'),
      line('SERVICE_EXIT_CODE', '0  (0x0)'),
      line('CHECKPOINT', '0x0'),
      line('WAIT_HINT', '0x0'),
    ].join('');
  }

  #sc(args: readonly string[]): Ran {
    const [verb = '', name] = args;
    if (name !== 'trustlet') throw new Error(`sc ${args.join(' ')} names another service`);
    const failure = this.failures.get(`sc ${verb}`);
    if (failure !== undefined) return this.#failed('OpenService', failure);
    if (verb === 'create') return this.#create(args);
    const { service } = this;
    if (service === null) return this.#failed('OpenService', 1060);
    switch (verb) {
      case 'query':
        service.state = this.#coming.shift() ?? service.state;
        return ended(0, this.#block(service.state, service.type));
      case 'start':
        this.#coming = [...this.afterStart];
        return ended(0, this.#block(2, service.type));
      case 'stop':
        if (service.state === 1) return this.#failed('ControlService', 1062);
        this.#coming = [...this.afterStop];
        return ended(0, this.#block(3, service.type));
      case 'config':
        service.start = ['boot', 'system', 'auto', 'demand', 'disabled'].indexOf(args[3] ?? '');
        return ended(0, '[SC] ChangeServiceConfig SUCCESS\r\n');
      case 'delete':
        if (this.keptOpen !== false) service.deleted = true;
        else this.service = null;
        if (this.keptOpen === false) this.client = null;
        return ended(0, '[SC] DeleteService SUCCESS\r\n');
      default:
        throw new Error(`sc ${verb} is not known here`);
    }
  }

  #create(args: readonly string[]): Ran {
    const settings = new Map<string, string>();
    for (let at = 2; at < args.length; at += 2) settings.set(args[at] ?? '', args[at + 1] ?? '');
    if (this.service !== null) return this.#failed('CreateService', 1073);
    this.install({
      start: ['boot', 'system', 'auto', 'demand'].indexOf(settings.get('start=') ?? ''),
      type: settings.get('type=') === 'kernel' ? 1 : 16,
      imagePath: `\\??\\${settings.get('binPath=')}`,
    });
    return ended(0, '[SC] CreateService SUCCESS\r\n');
  }

  #reg(args: readonly string[]): Ran {
    const [verb = '', key = ''] = args;
    const failure = this.failures.get(`reg ${verb}`);
    if (failure !== undefined) return ended(failure);
    if (verb === 'add') this.client = args[args.indexOf('/d') + 1] ?? '';
    if (verb === 'delete') this.client = null;
    return verb === 'query' ? this.#values(key) : ended(0);
  }

  #values(key: string): Ran {
    const listed = (...lines: string[]): Ran =>
      ended(0, `\r\n${key}\r\n${lines.map((line) => `    ${line}\r\n`).join('')}\r\n`);
    const { service, client } = this;
    if (key === ENVIRONMENT_KEY) return listed(`PROCESSOR_ARCHITECTURE    REG_SZ    ${this.architecture}`);
    if (key === SERVICE_KEY && service !== null) {
      const { type, start, imagePath, deleted } = service;
      return listed(
        `Type    REG_DWORD    0x${type.toString(16)}`,
        `Start    REG_DWORD    0x${start.toString(16)}`,
        `ImagePath    REG_EXPAND_SZ    ${imagePath}`,
        ...(deleted ? ['DeleteFlag    REG_DWORD    0x1'] : []),
      );
    }
    if (key === `${SERVICE_KEY}\\Parameters` && client !== null) {
      return listed(client.includes(' ') ? client : `ClientServiceSid    REG_BINARY    ${client}`);
    }
    return ended(1);
  }
}
