/**
 * The program that asks WMI and the registry: Windows PowerShell 5.1, the same text every time, made of this package's own tables.
 *
 * It works in Constrained Language Mode (no casts, no .NET types, no methods: hash tables, cmdlets and ConvertTo-Json) and loads its
 * modules from PowerShell's own folder, so that nothing of the user's module path is run. It prints one line of ASCII JSON. Errors
 * are told by their identifiers, which are the same in every language.
 */
import { DEVICE_GUARD_CLASS, DEVICE_GUARD_NAMESPACE, DEVICE_GUARD_PROPERTIES } from './device-guard.js';
import { REGISTRY_KEYS, REGISTRY_VALUES, type RegistryKey, registryKeys } from './registry.js';

/** Version of what the script prints. */
export const HELPER_OUTPUT_VERSION = 1;

/** Seconds that WMI itself is given; the helper process is ended by its own time limit in any case. */
const WMI_SECONDS = 30;

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(',');

/** Statements whose failure is told by its identifier. */
const attempt = (statements: readonly string[]): string =>
  `$e=$null;try{${statements.join(';')}}catch{$e=''+$_.FullyQualifiedErrorId}`;

/** Properties of `$from` that are there, into the hash table `$v`. */
const collect = (names: readonly string[], from: string): string =>
  `foreach($n in ${quoted(names)}){$x=${from}.$n;if($null -ne $x){$v[$n]=$x}}`;

const moduleOf = (name: string): string => `Import-Module -Name ($PSHOME+'\\Modules\\${name}')`;

const wmiPart: readonly string[] = [
  '$v=@{}',
  attempt([
    moduleOf('CimCmdlets'),
    `$g=CimCmdlets\\Get-CimInstance -Namespace '${DEVICE_GUARD_NAMESPACE}' -ClassName ${DEVICE_GUARD_CLASS} -OperationTimeoutSec ${WMI_SECONDS}`,
    collect(
      DEVICE_GUARD_PROPERTIES.map(({ name }) => name),
      '$g',
    ),
  ]),
  '$d=@{values=$v;error=$e}',
];

const keyPart = (key: RegistryKey): readonly string[] => [
  '$v=@{}',
  attempt([
    `$p=Microsoft.PowerShell.Management\\Get-ItemProperty -LiteralPath 'HKLM:\\${REGISTRY_KEYS[key]}'`,
    collect(
      REGISTRY_VALUES.filter((value) => value.key === key).map(({ name }) => name),
      '$p',
    ),
  ]),
  `$r['${key}']=@{values=$v;error=$e}`,
];

const SCRIPT = [
  "$ErrorActionPreference='Stop';$ProgressPreference='SilentlyContinue';$PSModuleAutoLoadingPreference='None'",
  moduleOf('Microsoft.PowerShell.Utility'),
  moduleOf('Microsoft.PowerShell.Management'),
  ...wmiPart,
  '$r=@{}',
  ...registryKeys.flatMap(keyPart),
  `$o=@{trustlet=${HELPER_OUTPUT_VERSION};deviceGuard=$d;registry=$r}`,
  'Microsoft.PowerShell.Utility\\ConvertTo-Json -InputObject $o -Compress -Depth 6',
].join(';');

/** Arguments of powershell.exe. Nothing in them comes from a caller. */
export const HELPER_ARGUMENTS: readonly string[] = [
  '-NoLogo',
  '-NoProfile',
  '-NonInteractive',
  '-InputFormat',
  'None',
  '-OutputFormat',
  'Text',
  '-Command',
  SCRIPT,
];
