/** Who signed the driver's file, as Windows judges it (PowerShell's Get-AuthenticodeSignature), or as far as the file alone tells. */
import type { DriverImage } from './image.js';
import type { Ran } from './service.js';

export type SignatureState =
  /** Signed by Microsoft, and this machine trusts it: what a kernel takes. */
  | 'valid'
  /** Signed by somebody else: the kernel takes it only with test signing on and Secure Boot off. */
  | 'test-signed'
  | 'unsigned'
  /** Changed after it was signed. */
  | 'broken'
  | 'unknown';

export interface Signature {
  readonly state: SignatureState;
  /** How that is known. */
  readonly evidence: string;
  /** Subject of the signer's certificate; null where there is none or it was not asked. */
  readonly signer: string | null;
}

/** Names the file to be asked about: an environment variable, so that no path ever becomes part of a program. */
export const FILE_VARIABLE = 'TRUSTLET_FILE';
const MARK = 'TL1';

/** Prints numbers and base64, which are the same in every language: `TL1;status;type;subject`. */
const SCRIPT = [
  "$ErrorActionPreference='Stop'",
  'Import-Module -Name "$PSHOME\\Modules\\Microsoft.PowerShell.Security"',
  `$s=Microsoft.PowerShell.Security\\Get-AuthenticodeSignature -LiteralPath $env:${FILE_VARIABLE}`,
  "$n=if($s.SignerCertificate){$s.SignerCertificate.Subject}else{''}",
  `[Console]::Out.Write('${MARK};'+[int]$s.Status+';'+[int]$s.SignatureType+';'+[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($n)))`,
].join(';');

/** Arguments of powershell.exe. */
export const SIGNATURE_ARGUMENTS: readonly string[] = ['-NoLogo', '-NoProfile', '-NonInteractive', '-Command', SCRIPT];

const ANSWER = new RegExp(`${MARK};(\\d+);(\\d+);([A-Za-z0-9+/=]*)$`, 'm');

/** Members of System.Management.Automation.SignatureStatus and SignatureType. */
const STATUS = { VALID: 0, NOT_SIGNED: 2, HASH_MISMATCH: 3 } as const;
const CATALOG = 2;

const MICROSOFT = /(?:^|,\s*)O=Microsoft Corporation(?:,|$)/;

const ASKED = 'Get-AuthenticodeSignature';

const judge = (status: number, type: number, signer: string | null): Signature => {
  const where = type === CATALOG ? 'the signature of a catalogue' : 'the signature in the file';
  switch (status) {
    case STATUS.VALID:
      return signer !== null && MICROSOFT.test(signer)
        ? { state: 'valid', evidence: `${ASKED}: ${where} is good, and Microsoft's`, signer }
        : { state: 'test-signed', evidence: `${ASKED}: ${where} is good, and not Microsoft's`, signer };
    case STATUS.NOT_SIGNED:
      return { state: 'unsigned', evidence: `${ASKED}: no signature, in the file or in a catalogue`, signer: null };
    case STATUS.HASH_MISMATCH:
      return { state: 'broken', evidence: `${ASKED}: the file was changed after it was signed`, signer };
    default:
      // A certificate this machine does not trust: a test certificate that was not added to Root.
      return signer === null
        ? { state: 'unknown', evidence: `${ASKED}: status ${status}`, signer }
        : {
            state: 'test-signed',
            evidence: `${ASKED}: this machine does not trust ${where} (status ${status})`,
            signer,
          };
  }
};

/** @param ran what powershell.exe said; null where it was not asked */
export const readSignature = (ran: Pick<Ran, 'stdout'> | null, image: Pick<DriverImage, 'signed'>): Signature => {
  const [, status, type, subject] = ANSWER.exec(ran?.stdout.trimEnd() ?? '') ?? [];
  if (status !== undefined && type !== undefined && subject !== undefined) {
    return judge(Number(status), Number(type), Buffer.from(subject, 'base64').toString('utf8') || null);
  }
  return image.signed
    ? { state: 'unknown', evidence: 'the file holds a signature; PowerShell gave no judgement of it', signer: null }
    : { state: 'unsigned', evidence: 'the file holds no signature (no catalogue was looked for)', signer: null };
};
