/** Numbers as people type them: decimal or 0x hexadecimal, nothing else. */
import { MAX_UINT32, show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import { errorCodeNamed } from '../explain/error-code.js';

const MIN_INT32 = -0x8000_0000;
const WHOLE_NUMBER = /^(?:\d{1,20}|0[xX][0-9a-fA-F]{1,16})$/;

const read = (text: string): number | null => {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  if (!WHOLE_NUMBER.test(digits)) return null;
  return negative ? -Number(digits) : Number(digits);
};

/**
 * @param text what was typed for `<pid>`
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT unless it is a whole number from 0 to 4294967295
 */
export const parsePid = (text: string): number => {
  const pid = read(text);
  if (pid !== null && !text.startsWith('-') && pid <= MAX_UINT32) return pid;
  throw new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    `<pid> must be a whole number from 0 to ${MAX_UINT32}, decimal or 0x hexadecimal; got ${show(text)}.`,
  );
};

/**
 * @param text what was typed for `--error`: a Win32 code, an NTSTATUS or an HRESULT as hexadecimal or (signed) decimal number, or a name
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT unless it is a whole number that fits 32 bits, signed or unsigned
 */
export const parseErrorCode = (text: string): number => {
  const code = read(text) ?? errorCodeNamed(text) ?? null;
  if (code !== null && code >= MIN_INT32 && code <= MAX_UINT32) return code;
  throw new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    `--error must be a Win32 error code, an NTSTATUS or an HRESULT (5, 998, 0xc0000022, -1073741790, ERROR_NOACCESS); got ${show(text)}.`,
  );
};

const MOST_JOBS = 64;

/**
 * @param text what was typed for `--jobs`
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT unless it is a whole number from 1 to 64
 */
export const parseJobs = (text: string): number => {
  const jobs = read(text);
  if (jobs !== null && jobs >= 1 && jobs <= MOST_JOBS) return jobs;
  throw new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    `--jobs must be a whole number from 1 to ${MOST_JOBS}; got ${show(text)}.`,
  );
};
