/**
 * Is this process elevated? `whoami /groups` lists the token's integrity label as a SID, in every language of Windows, changes nothing
 * and needs no right. (`net session` needs the Server service, `fltmc` is not everywhere, and writing somewhere to see whether it works
 * is a change.)
 */
import type { Ran } from './service.js';

/** Arguments of whoami.exe. */
export const GROUPS: readonly string[] = ['/groups', '/fo', 'csv', '/nh'];

/** SECURITY_MANDATORY_HIGH_RID: an elevated administrator; a service of the system's has more (S-1-16-16384). */
const HIGH = 0x3000;

/** @returns null where the label is not told (Wine's whoami knows no groups): then the system itself refuses, or not */
export const readElevation = ({ exitCode, stdout }: Pick<Ran, 'exitCode' | 'stdout'>): boolean | null => {
  const label = /\bS-1-16-(\d{1,6})\b/.exec(stdout)?.[1];
  return exitCode !== 0 || label === undefined ? null : Number(label) >= HIGH;
};
