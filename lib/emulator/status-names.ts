/** Statuses as scenarios, faults and policies write them. */
import { show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import { Status } from '../ntstatus.js';

const byName: ReadonlyMap<string, number> = new Map(
  Object.entries(Status).map(([name, value]) => [`STATUS_${name}`, value]),
);

/**
 * @param status `STATUS_…`, `0x…` or a number (signed or unsigned)
 * @returns the unsigned NTSTATUS
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything else
 */
export const parseStatus = (status: unknown): number => {
  if (typeof status === 'number' && Number.isInteger(status) && status >= -0x8000_0000 && status <= 0xffff_ffff) {
    return status >>> 0;
  }
  if (typeof status === 'string') {
    const known = byName.get(status);
    if (known !== undefined) return known;
    if (/^0x[0-9a-f]{1,8}$/i.test(status)) return Number.parseInt(status, 16);
  }
  throw new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    `A status is a name such as 'STATUS_ACCESS_DENIED', '0xC0000022' or a 32-bit number; got ${show(status)}.`,
  );
};
