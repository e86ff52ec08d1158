/** NT's side of the system calls that trustlets make: it runs in VTL0, in the trustlet's name, and answers what NT answers anyone. */
import { Status } from '../../ntstatus.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import { insertHandle, ntClose } from '../nt/handles.js';
import type { SectionObject } from '../nt/objects.js';
import { ntQueryInformationProcess } from '../nt/query-process.js';
import { ntQuerySystemInformation } from '../nt/query-system.js';
import type { Caller, NtSystem } from '../nt/system.js';
import type { NtService, NtServiceReply } from './trustlet-system-calls.js';

const NOTHING: Uint8Array = new Uint8Array(0);
const refused = (status: number): NtServiceReply => ({ status, output: NOTHING });
const ALL_ACCESS = 0x1f_ffff;
const CURRENT_PROCESS = -1n;

const word = (input: Uint8Array): number => new DataView(input.buffer, input.byteOffset).getUint32(0, true);
const longWord = (input: Uint8Array): bigint => new DataView(input.buffer, input.byteOffset).getBigUint64(0, true);

type CallerService = (caller: Caller, input: Uint8Array, room: number) => NtServiceReply;

/** In the name of the trustlet that a pid is; NT has no thread to run it on once the process has ended. */
const inItsName =
  (system: NtSystem, serve: CallerService): NtService =>
  (input, pid, room) => {
    const process = system.process(pid);
    if (process === undefined || process.life === 'exited') return refused(Status.PROCESS_IS_TERMINATING);
    return serve({ process, mode: 'user' }, input, room);
  };

const createSection =
  (system: NtSystem): CallerService =>
  ({ process }, input) => {
    const size = longWord(input);
    if (size === 0n || size > 0x1000_0000n) return refused(Status.INVALID_PARAMETER);
    const pageCount = Math.ceil(Number(size) / PAGE_SIZE);
    const section: SectionObject = { kind: 'section', pageCount, imageName: null, pages: new Map() };
    const output = new Uint8Array(8);
    new DataView(output.buffer).setBigUint64(0, insertHandle(system, process, section, ALL_ACCESS), true);
    return { status: Status.SUCCESS, output };
  };

export const createNtServices = (system: NtSystem): Map<string, NtService> =>
  new Map([
    ['NtCreateSection', inItsName(system, createSection(system))],
    ['NtClose', inItsName(system, (caller, input) => refused(ntClose(system, caller, longWord(input))))],
    [
      'NtQuerySystemInformation',
      inItsName(system, (_caller, input, room) => {
        const output = new Uint8Array(room);
        const { status } = ntQuerySystemInformation(system, word(input), output, 8);
        return { status, output };
      }),
    ],
    [
      'NtQueryInformationProcess',
      inItsName(system, (caller, input, room) => {
        const output = new Uint8Array(room);
        const { status } = ntQueryInformationProcess(system, caller, CURRENT_PROCESS, word(input), output, 8);
        return { status, output };
      }),
    ],
  ]);
