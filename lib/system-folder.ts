/** Where Windows keeps its own programs: below %SystemRoot%, never looked for in PATH. */

/** What is read of the process to find the system. */
export interface SystemSource {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Below System32. */
export const POWERSHELL = 'WindowsPowerShell\\v1.0\\powershell.exe';

const SYSTEM32 = 'System32';
const PLAIN_FOLDER = /^[A-Za-z]:\\[^"<>|?*:%/]+$/;

/** What %SystemRoot% says, without the backslashes that end it. */
export const systemRootText = ({ env }: Pick<SystemSource, 'env'>): string =>
  (env['SystemRoot'] ?? env['SYSTEMROOT'] ?? '').replace(/\\+$/, '');

/** @returns e.g. `C:\Windows`; null where %SystemRoot% names no folder */
export const systemRootOf = (source: Pick<SystemSource, 'env'>): string | null => {
  const root = systemRootText(source);
  return PLAIN_FOLDER.test(root) ? root : null;
};

/** A 32-bit program sees another folder under the name System32, and the real one as Sysnative. */
const isRedirected = ({ arch, env }: SystemSource): boolean =>
  arch === 'ia32' && env['PROCESSOR_ARCHITEW6432'] !== undefined;

/** The folder of the system's programs. */
export const system32Of = (systemRoot: string): string => `${systemRoot}\\${SYSTEM32}`;

/** The path by which this process reaches a file of System32. */
export const reachable = (path: string, systemRoot: string, source: SystemSource): string => {
  const folder = `${system32Of(systemRoot)}\\`;
  if (!isRedirected(source) || !path.toLowerCase().startsWith(folder.toLowerCase())) return path;
  return `${systemRoot}\\Sysnative\\${path.slice(folder.length)}`;
};
