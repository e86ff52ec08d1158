import { TrustletError } from '../errors.js';

/**
 * What the driver sent is outside the protocol.
 * @param message which message's reply
 * @param problem where it is wrong and how, as the rest of the sentence `The driver’s … reply`
 */
export const malformedReply = (message: string, problem: string): TrustletError =>
  new TrustletError(
    'ERR_TRUSTLET_PROTOCOL',
    `The driver’s ${message} reply ${problem}. Nothing of it is believed; what it is about stays unknown. Check that the driver is the one of this package.`,
  );
