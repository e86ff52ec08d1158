/** `trustlet driver status`: what is there. Changes nothing, and needs no administrator. */
import { STOP_PENDING_ADVICE } from './advice.js';
import { askDriver, askSignature, type DriverFacts } from './facts.js';
import type { Outcome } from './outcome.js';
import type { WindowsSystem } from './system.js';

/** What stands out in it. */
const notesOn = ({ service, file }: DriverFacts): string[] => {
  const notes: (string | null)[] = [
    service === null && file !== null ? `${file.path} is there, and no service uses it.` : null,
    service !== null && file === null ? `Nothing lies at ${service.path}, so it cannot be started.` : null,
    service !== null && !service.kernelDriver ? 'The service of this name is no kernel driver.' : null,
    service?.state === 'stop-pending' ? STOP_PENDING_ADVICE : null,
    service?.markedForDeletion === true
      ? 'The service was deleted while somebody had it open: it goes away when they let go, or at the next restart.'
      : null,
    service?.clientServiceSid === 'invalid'
      ? 'ClientServiceSid is not exactly the SID of one service: the driver will not start (1337 ERROR_INVALID_SID).'
      : null,
  ];
  return notes.filter((note) => note !== null);
};

/** @throws TrustletError ERR_TRUSTLET_BACKEND when the system does not answer */
export const statusOfDriver = (system: WindowsSystem): Outcome => {
  const facts = askDriver(system);
  const signature = facts.file === null ? null : askSignature(system, facts.file);
  return { action: 'status', done: true, changed: [], notes: notesOn(facts), facts, signature };
};
