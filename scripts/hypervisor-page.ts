/** docs/hypervisor.md: what the emulated hypervisor and its boot do, with the tables they run on. */
import { bootStates } from '../lib/emulator/boot/boot-states.js';
import { type FailureRow, failureMatrix } from '../lib/emulator/hypervisor/failure-matrix.js';
import { conflicts, type Profile, profiles } from '../lib/emulator/hypervisor/profile.js';

/** The marked part of the test that runs it, as test/unit/readme.test.ts demands. */
const SAMPLE = `\`\`\`ts
const machine = boot('credential-guard');
for (const { physicalAddress } of machine.physicalPages('lsaiso').slice(0, 1)) {
  const attempt = machine.compromisedKernel().read(physicalAddress, 16);
  console.log(attempt.outcome); // intercepted
}
console.log(machine.eventLines().slice(-7).join('\\n')); // the intercept, the switch to VTL1, #GP for VTL0, the return
\`\`\``;

const HEAD = `<!-- Written by scripts/docs.ts from lib/emulator. Do not edit; run \`npm run docs\`. -->
# The emulated hypervisor

_Seen: emulated._ A partition with virtual processors, VTL0 and VTL1, hypercalls, second-level address translation, secure intercepts and
the boot that sets them up: on the rules of the Hyper-V Top Level Functional Specification, in TypeScript, without a clock, a random
source or I/O. Nothing here was compared with Windows; the sources are public (\`facts/vsm.md\`).

Every emulated machine runs on one: \`machine.hypervisor\`. What VTL0 may do with a trustlet’s memory is what the second level says,
for the NT layer, for a device, and for \`machine.compromisedKernel()\`, an attacker with all of VTL0’s ring 0.

${SAMPLE}

A hypervisor of your own, without an operating system: \`new Hypervisor({ processors: 2, profile: 'tlfs' })\`. A method stands for an instruction of
a virtual processor in its active VTL: whoever goes on after a VTL call acts as VTL1’s code. What the guest gets wrong comes back as a value. \`snapshot()\` and \`restore()\` copy everything; the same calls give the
same answers and the same log.
`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
];

const setting = (profile: Profile, name: keyof Profile): string => `\`${profile[name]}\``;

const columns = ['openhcl', 'tlfs', 'kvm'] as const;

/** `*`: no source says so for this profile. */
const outcome = (row: FailureRow, column: (typeof columns)[number]): string =>
  `${row[column]}${row.assumed.includes(column) ? ' *' : ''}`;

export const hypervisorPage = (): string =>
  `${[
    HEAD,
    '## The boot',
    '',
    ...table(
      ['', 'State', 'Entered by', 'What can be seen'],
      bootStates.map(({ id, name, entered, effect }) => [id, name, entered, effect]),
    ),
    '',
    '## Where sources disagree',
    '',
    'A profile is a value for each switch; `switches` sets single ones otherwise. `openhcl` is OpenHCL as its source reads and the default, `tlfs`',
    'the text of the TLFS, `kvm` the tests of the KVM fork.',
    '',
    ...table(
      ['', 'Switch', 'Subject', ...columns],
      conflicts.map(({ id, switch: name, subject }) => [
        id,
        `\`${name}\``,
        subject,
        ...columns.map((column) => setting(profiles[column], name)),
      ]),
    ),
    '',
    '## What is refused, and how',
    '',
    'The hypercalls read their statuses from this table. `*`: no source states the status for this profile, and it follows OpenHCL (where',
    '`openhcl` has the mark, the choice is ours).',
    '',
    ...table(
      ['Call', 'When', ...columns, 'Source'],
      Object.values(failureMatrix).map((row) => [
        row.call,
        row.condition,
        ...columns.map((column) => outcome(row, column)),
        row.source,
      ]),
    ),
  ].join('\n')}\n`;
