/** docs/posture.md: what a posture is read from, what each number means, and every finding with its cause and next step. */
import {
  CodeIntegrityOption,
  CodeIntegrityPolicyHvciOption,
  CodeIntegrityPolicyOption,
  decodeHypervisor,
  decodeKernelDebugger,
  decodeKernelDebuggerEx,
  decodeSecureBoot,
  decodeSecureCore,
  decodeVsmProtection,
  HYPERVISOR_LEAVES,
  IsolatedUserModeFlag,
  SystemInfoClass,
} from '../lib/layout/index.js';
import { DEVICE_GUARD_CLASS, DEVICE_GUARD_NAMESPACE, DEVICE_GUARD_PROPERTIES } from '../lib/posture/device-guard.js';
import { FEATURE_TITLES } from '../lib/posture/finding-rules.js';
import { RULE_GROUPS } from '../lib/posture/findings.js';
import { HELPER_ARGUMENTS } from '../lib/posture/helper-script.js';
import { REGISTRY_KEYS, REGISTRY_VALUES } from '../lib/posture/registry.js';

const HEAD = `<!-- Written by scripts/docs.ts from lib/posture and lib/layout. Do not edit; run \`npm run docs\`. -->
# Posture: is VBS really on?

\`vsm.posture()\` asks the kernel alone and does not block. \`await vsm.postureAsync()\` asks WMI and the registry too: what was
configured, and whether Credential Guard runs, no NT query tells. \`trustlet status\` shows the latter. Both answer with one object:

- \`features\`: each feature \`configured\` and \`running\`, each \`{ value, evidence }\`; \`null\` where it cannot be known, with the reason;
- \`findings\`: what does not fit together, what is weak, what cannot be known; each with its cause and a next step. \`seen\` is false for a
  cause that was not seen and is only possible; its text says so;
- \`sources\`: what each source answered, \`unknown(n)\` for a number nobody knows.

_Seen: emulated, and the kernel’s part over the simulated kernel._ Nothing here was run on Windows; the sources are public
([sources.md](sources.md), rows _nt 3_ and _vsm 2_). An emulated machine answers from its scenario (\`system.configured\`); the
scenario \`vbs-not-running\` has what is most often wrong. Over the simulated kernel and in Wine WMI and registry are \`unavailable\` or
\`failed\`, and the findings say so: nothing is guessed.

## How the sources are weighed

\`running\` is what the first of the kernel, then WMI, says; where they differ the kernel counts and a finding says so. \`configured\` is true
where any source asks for it; policy comes before the registry. A class that this system does not know is no VSM only where WMI
does not say otherwise. Every failure is told where it was met: access denied, no answer in time, a shape nobody knows.
`;

const HELPER = `## The helper process

On Windows \`postureAsync\` starts one process: \`%SystemRoot%\\System32\\WindowsPowerShell\\v1.0\\powershell.exe\` by its full path (\`Sysnative\` from a
32-bit program), never by \`PATH\`; with \`${HELPER_ARGUMENTS.slice(0, -2).join(' ')}\`, no window, an environment of \`SystemRoot\` alone, and
the same program text every time: nothing in it comes from a caller, and it is written so that Constrained Language Mode lets it
through. Its modules are loaded from PowerShell’s own folder. It may print 64 KiB and take \`timeoutMs\` (10 seconds unless told otherwise);
then it is ended, and both sources say \`timed-out\`. \`signal\` ends it too, and the promise rejects with the signal’s reason. What it
prints is read strictly.
`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
];

const code = (text: string): string => `\`${text}\``;
const hexOf = (mask: number): string => code(`0x${mask.toString(16).padStart(5, '0')}`);
const names = (decoded: object): string => Object.keys(decoded).map(code).join(', ');

const bits = (masks: Readonly<Record<string, number>>): readonly (readonly string[])[] =>
  Object.entries(masks).map(([name, mask]) => [hexOf(mask), code(name)]);

const meanings = (of: Readonly<Record<number, string>>): string =>
  Object.entries(of)
    .map(([number, words]) => `${number} ${words}`)
    .join(' · ');

const classes: readonly (readonly string[])[] = [
  [String(SystemInfoClass.KernelDebugger), 'kernel debugger', names(decodeKernelDebugger(new Uint8Array(2)))],
  [String(SystemInfoClass.Hypervisor), 'hypervisor', names(decodeHypervisor(new Uint8Array(16)))],
  [String(SystemInfoClass.CodeIntegrity), 'code integrity', 'the bits below'],
  [String(SystemInfoClass.SecureBoot), 'Secure Boot', names(decodeSecureBoot(new Uint8Array(2)))],
  [
    String(SystemInfoClass.KernelDebuggerEx),
    'kernel debugger, the longer form',
    names(decodeKernelDebuggerEx(new Uint8Array(3))),
  ],
  [
    String(SystemInfoClass.HypervisorDetail),
    'hypervisor’s CPUID',
    `${HYPERVISOR_LEAVES.map(code).join(', ')}: four words each`,
  ],
  [String(SystemInfoClass.CodeIntegrityPolicy), 'code integrity policy', 'the bits below, `version`, `policyGuid`'],
  [String(SystemInfoClass.IsolatedUserMode), 'isolated user mode', 'the bits below'],
  [
    String(SystemInfoClass.VsmProtection),
    'VSM protection: 2, 3 or 4 bytes by build',
    names(decodeVsmProtection(new Uint8Array(4))),
  ],
  [
    String(SystemInfoClass.SecureCore),
    'secured-core; assumed from build 26100',
    names(decodeSecureCore(new Uint8Array(24))),
  ],
];

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const kernelPart: readonly string[] = [
  '## What the kernel is asked',
  '',
  'NtQuerySystemInformation (`facts/nt.md 3`); none of these asks for a privilege.',
  '',
  ...table(['Class', 'About', 'Members'], classes),
  '',
  '### Class 165, isolated user mode',
  '',
  'Bits of its first word; newer ones read as clear on older builds (`facts/nt.md 3.1`).',
  '',
  ...table(['Mask', 'Name'], bits(IsolatedUserModeFlag)),
  '',
  '### Class 103, code integrity',
  '',
  'Bits of CodeIntegrityOptions (`facts/nt.md 3.2`).',
  '',
  ...table(['Mask', 'Name'], bits(CodeIntegrityOption)),
  '',
  '### Class 164, code integrity policy',
  '',
  'Bits of Options, then of HVCIOptions (`facts/nt.md 3.3`).',
  '',
  ...table(['Mask', 'Name'], [...bits(CodeIntegrityPolicyOption), ...bits(CodeIntegrityPolicyHvciOption)]),
];

const configurationPart: readonly string[] = [
  '## What WMI is asked',
  '',
  `Class \`${DEVICE_GUARD_CLASS}\` of \`${DEVICE_GUARD_NAMESPACE}\` (\`facts/nt.md 3.4\`). Microsoft documents the query for elevated use.`,
  '',
  ...table(
    ['Property', 'Values', 'Known from'],
    DEVICE_GUARD_PROPERTIES.map(({ name, meanings: of, documented }) => [
      code(name),
      meanings(of),
      documented ? 'documented (services 5 to 7: public scripts)' : 'SDK and public scripts',
    ]),
  ).map((line) => (line.includes('SecurityServices') ? line : line.replace(' (services 5 to 7: public scripts)', ''))),
  '',
  '## What is read of the registry',
  '',
  'Below `HKEY_LOCAL_MACHINE` (`facts/nt.md 3.5`; `LsaCfgFlags`: Microsoft’s “Configure Credential Guard”, `windows-itpro-docs`).',
  '',
  ...table(
    ['Value', 'Key', 'About', 'Numbers'],
    REGISTRY_VALUES.map(({ key, name, about, meanings: of }) => [
      code(name),
      code(REGISTRY_KEYS[key]),
      about,
      meanings(of),
    ]),
  ),
];

const findingsPart: readonly string[] = [
  '## Findings',
  '',
  'A cause without “seen” words can only be possible: nothing here tells it for certain.',
  ...RULE_GROUPS.flatMap(({ title, rules }) => [
    '',
    `### ${title}`,
    '',
    ...table(
      ['Feature', 'Cause', 'When', 'Seen', 'Possible', 'Next step', 'Source'],
      rules.map(({ feature, cause, when, because, perhaps, nextStep, source }) => [
        FEATURE_TITLES[feature],
        code(cause),
        when,
        because === null ? '' : sentence(because),
        perhaps === null ? '' : sentence(perhaps),
        nextStep,
        source.replaceAll(/facts\/\w+\.md [\d., ]*\d/g, code),
      ]),
    ),
  ]),
];

/** docs/posture.md. */
export const posturePage = (): string =>
  `${[HEAD, HELPER, ...kernelPart, '', ...configurationPart, '', ...findingsPart].join('\n')}\n`;
