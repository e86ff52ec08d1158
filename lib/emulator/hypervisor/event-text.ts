/** Events as sentences for a person. */
import { requireObject, show } from '../../arguments.js';
import { ntstatusName } from '../../ntstatus.js';
import { misuse } from '../memory/page-numbers.js';
import { callNamed } from './call-codes.js';
import type { HypervisorEvent, LoggedEvent, TrustletStep } from './event-log.js';
import { hvStatusName } from './hv-status.js';
import { registerNameText } from './register-names.js';

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** The rights of a mask, `---` for none: read, write, kernel and user execute. */
export const rightsText = (mask: number): string =>
  ['r', 'w', 'k', 'u'].map((letter, bit) => ((mask >> bit) & 1 ? letter : '-')).join('');

const callText = (code: number): string => callNamed(code, 'tlfs') ?? `call ${hex(code)}`;

const pagesText = (page: number, count: number): string =>
  count === 1 ? `page ${hex(page)}` : `pages ${hex(page)} to ${hex(page + count - 1)}`;

const interceptSubject = ({ cause, subject }: Extract<HypervisorEvent, { kind: 'intercept' }>): string => {
  if (cause === 'memory') return `of address ${hex(subject)}`;
  if (cause === 'register') return `of register ${registerNameText(Number(subject))}`;
  return cause === 'msr' ? `of MSR ${hex(subject)}` : `of I/O port ${hex(subject)}`;
};

const unposted: Readonly<Record<NonNullable<Extract<HypervisorEvent, { kind: 'intercept' }>['reason']>, string>> = {
  'synic-off': 'its SynIC is off',
  'source-masked': 'SINT0 is masked',
  'slot-in-use': 'its message slot is in use',
};

const reasons = {
  call: 'by a VTL call',
  interrupt: 'for an interrupt',
  return: 'by a VTL return',
  'fast-return': 'by a fast VTL return',
} as const;

const steps: Readonly<Record<TrustletStep, string>> = {
  started: 'started',
  refused: 'was refused by the secure kernel',
  ended: 'ended',
  crashed: 'crashed',
  'paged-out': 'has a page kept by NT, encrypted',
  'paged-in': 'has a page back',
  'page-refused': 'was given back a page that is not what NT was given',
  'debug-allowed': 'may be debugged',
  'debug-refused': 'may not be debugged',
};

type Renderers = {
  readonly [Kind in HypervisorEvent['kind']]: (event: Extract<HypervisorEvent, { kind: Kind }>) => string;
};

const renderers: Renderers = {
  hypercall: ({ code, status, repsCompleted }) =>
    `${callText(code)}: ${hvStatusName(status)}${repsCompleted > 0 ? `, ${repsCompleted} done` : ''}`,
  'hypercall-suspended': ({ code, reason, repsCompleted }) =>
    reason === 'rep-budget'
      ? `${callText(code)} goes on later, ${repsCompleted} done`
      : `${callText(code)} waits for a TLB lock`,
  'vtl-enabled': ({ scope, vtl, vp }) =>
    `VTL${vtl} enabled for ${scope === 'partition' ? 'the partition' : `VP ${vp}`}`,
  'vp-started': ({ vp, vtl, by }) => `VP ${vp} started in VTL${vtl} by VP ${by}`,
  'vtl-switch': ({ from, to, reason }) => `VTL${from} → VTL${to} ${reasons[reason]}`,
  intercept: (event) => {
    const { from, to, access, reason } = event;
    const lost = reason === null ? '' : `; not posted: ${unposted[reason]}`;
    return `VTL${to} intercepts VTL${from}’s ${access} ${interceptSubject(event)}${lost}`;
  },
  interrupt: ({ vtl, vector, step, source }) => `interrupt ${hex(vector)} for VTL${vtl} ${step} (${source})`,
  fault: ({ vector, why }) => `exception ${vector}: ${why}`,
  protection: ({ page, pageCount, mask }) => `leaves lower VTLs ${rightsText(mask)} on ${pagesText(page, pageCount)}`,
  configuration: ({ register, target, value }) => `sets ${registerNameText(register)} of VTL${target} to ${hex(value)}`,
  overlay: ({ name, page }) => (page === null ? `takes ${name} away` : `has ${name} at page ${hex(page)}`),
  'device-access': ({ page, write, outcome }) => `a device ${write ? 'writes' : 'reads'} page ${hex(page)}: ${outcome}`,
  operation: ({ api, label, pid, outcome, status }) =>
    `${api} on '${label}' (pid ${pid}): ${outcome}${status === 0 ? '' : `, ${hex(status)}`}`,
  rpc: ({ endpoint, operation, direction, bytes }) =>
    direction === 'request'
      ? `LSASS asks ${endpoint}: ${operation}, ${bytes} bytes`
      : `${endpoint} answers LSASS: ${operation}, ${bytes} bytes`,
  'guard-decision': ({ decision, operations, pid, verdict, reason }) =>
    `guard ${decision === 'allow' ? 'allows' : 'refuses'} ${operations.join(', ')} on pid ${pid ?? 'unknown'}: ${verdict}${reason === verdict ? '' : `, ${reason}`}`,
  'secure-call': ({ operation, code, service, pid, status }) => {
    const what = operation === 'resume-thread' ? 'a secure thread resumed' : (service ?? `service ${hex(code)}`);
    const named = operation === 'unknown' ? 'an operation that there is not' : what;
    return `secure call: ${named}${pid === null ? '' : ` for pid ${pid}`}: ${ntstatusName(status)}`;
  },
  'normal-call': ({ service, pid, inputBytes, outputBytes, status }) =>
    `normal call: NT serves ${service} for pid ${pid}: ${inputBytes} bytes out, ${outputBytes} back, ${ntstatusName(status)}`,
  'trustlet-call': ({ service, pid, served, status }) =>
    `${served ? 'the secure kernel serves' : 'the secure kernel refuses'} ${service} of pid ${pid}: ${ntstatusName(status)}`,
  trustlet: ({ pid, step, status }) =>
    `trustlet pid ${pid} ${steps[step]}${status === 0 ? '' : `: ${ntstatusName(status)}`}`,
  vina: ({ pid, taken }) =>
    `VTL1 lets VTL0 have its interrupts while pid ${pid} runs: ${taken.length === 0 ? 'it takes none' : `it takes ${taken.map(hex).join(', ')}`}`,
  bugcheck: ({ code, why }) => `the machine stops with bug check ${hex(code)}: ${why}`,
  reset: ({ pagesZeroed }) => `reset; ${pagesZeroed} pages zeroed`,
};

/** Events that no processor's VTL stands for. */
const IMPERSONAL: ReadonlySet<HypervisorEvent['kind']> = new Set([
  'reset',
  'device-access',
  'vp-started',
  'operation',
  'guard-decision',
]);

const actor = (event: HypervisorEvent): string => {
  if (IMPERSONAL.has(event.kind) || !('vp' in event)) return '';
  const isOfBoth = event.kind === 'vtl-enabled' || event.kind === 'interrupt' || !('vtl' in event);
  return isOfBoth ? `VP ${event.vp}: ` : `VP ${event.vp} VTL${event.vtl}: `;
};

/** One event as a line without an end: its number, who, and what. @throws TrustletError ERR_TRUSTLET_ARGUMENT for no event of the log */
export const eventText = (event: LoggedEvent): string => {
  requireObject('event', event);
  if (!Object.hasOwn(renderers, event.kind)) throw misuse(`There is no event of the kind ${show(event.kind)}.`);
  // The renderer of a kind takes that kind: the type system cannot say it of a table.
  const render = renderers[event.kind] as (event: HypervisorEvent) => string;
  return `#${event.sequence} ${actor(event)}${render(event)}`;
};
