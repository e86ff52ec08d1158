/** Keeps an agent running: opens a backend, and another when that one is lost. */
import { setTimeout } from 'node:timers/promises';
import { TrustletError, type Vsm } from 'trustlet';
import type { Agent } from './agent.js';
import type { Log } from './log.js';

export interface ServiceOptions {
  readonly agent: Agent;
  /** Called at the start and after each loss; what it throws other than a loss ends the service. */
  readonly openVsm: () => Vsm;
  readonly signal: AbortSignal;
  readonly log?: Log;
  /** Milliseconds between a loss and the next try. Default 5000. */
  readonly patience?: number;
}

// README lost
const isLoss = (error: unknown): error is TrustletError =>
  TrustletError.is(error) && (error.code === 'ERR_TRUSTLET_BACKEND' || error.code === 'ERR_TRUSTLET_PROTOCOL');
// README end

/** Without a backend nothing is injected: a blind agent waits, it does not guess. Resolves when told to stop and all work is done. */
export const serve = async ({
  agent,
  openVsm,
  signal,
  log = () => {},
  patience = 5000,
}: ServiceOptions): Promise<void> => {
  while (!signal.aborted) {
    try {
      using vsm = openVsm();
      const { name: backend, description, simulated, fallback } = vsm.backend;
      log({ event: 'opened', backend, description, simulated, fallback });
      await agent.run(vsm, signal);
      break;
    } catch (error) {
      if (!isLoss(error)) throw error;
      log({ event: 'lost', error: error.message, againInMs: patience });
      await setTimeout(patience, undefined, { signal }).catch(() => {});
    }
  }
  await agent.idle();
  log({ event: 'stopped' });
};
