/** `trustlet driver start` and `stop`: what is so already is left alone, and needs no administrator. */
import { TrustletError } from '../../errors.js';
import { refusedStep, STOP_PENDING_ADVICE } from './advice.js';
import { askDriver, runToEnd } from './facts.js';
import { awaitState, type Outcome, requireElevation, stillThere } from './outcome.js';
import { SERVICE, scOutcome } from './service.js';
import type { WindowsSystem } from './system.js';

const FILE_NOT_FOUND = 2;
const ALREADY_RUNNING = 1056;
const NOT_INSTALLED = 1060;
const CANNOT_ACCEPT_CONTROL = 1061;
const NOT_ACTIVE = 1062;
const MARKED_FOR_DELETION = 1072;

const stillStopping = (): TrustletError =>
  new TrustletError('ERR_TRUSTLET_BACKEND', `The driver could not be started. ${STOP_PENDING_ADVICE}`, {
    win32: ALREADY_RUNNING,
  });

const begin = (system: WindowsSystem): void => {
  requireElevation(system, 'Starting the driver');
  const outcome = scOutcome(runToEnd(system, 'sc', ['start', SERVICE]));
  if (outcome !== 0 && outcome !== ALREADY_RUNNING) throw refusedStep('started', outcome);
  const state = awaitState(system, 'running');
  if (state === 'stop-pending') throw stillStopping();
  if (state !== 'running') {
    throw new TrustletError(
      'ERR_TRUSTLET_BACKEND',
      `The driver was told to start, and its state is ${state ?? 'that of a service that is gone'}. The System event log may say why.`,
    );
  }
};

/** @throws TrustletError ERR_TRUSTLET_BACKEND when it does not run in the end; `win32` is the service manager's reason, where it gave one */
export const startDriver = (system: WindowsSystem): Outcome => {
  const { service, file } = askDriver(system);
  if (service === null) throw refusedStep('started', NOT_INSTALLED);
  const changed: string[] = [];
  if (service.state !== 'running') {
    if (service.state === 'stop-pending') throw stillStopping();
    if (service.markedForDeletion) throw refusedStep('started', MARKED_FOR_DELETION);
    if (file === null) throw refusedStep('started', FILE_NOT_FOUND);
    begin(system);
    changed.push('started the driver');
  }
  return { action: 'start', done: true, changed, notes: [], facts: askDriver(system), signature: null };
};

/**
 * Stops it if it runs, and waits three seconds for that.
 * @param what e.g. `Stopping the driver`
 * @returns whether it has stopped
 */
export const endDriver = (system: WindowsSystem, what: string): boolean => {
  requireElevation(system, what);
  const outcome = scOutcome(runToEnd(system, 'sc', ['stop', SERVICE]));
  if (outcome !== 0 && outcome !== NOT_ACTIVE && outcome !== CANNOT_ACCEPT_CONTROL)
    throw refusedStep('stopped', outcome);
  const state = awaitState(system, 'stopped');
  return state === null || state === 'stopped';
};

/**
 * @returns `done` false for a driver that is still stopping, because somebody has it open
 * @throws TrustletError ERR_TRUSTLET_BACKEND when the service manager refuses
 */
export const stopDriver = (system: WindowsSystem): Outcome => {
  const before = askDriver(system).service;
  if (before === null || before.state === 'stopped') {
    const notes = before === null ? ['It is not installed.'] : [];
    return { action: 'stop', done: true, changed: [], notes, facts: askDriver(system), signature: null };
  }
  const waiting = before.state === 'stop-pending';
  const done = waiting ? awaitState(system, 'stopped') === 'stopped' : endDriver(system, 'Stopping the driver');
  const facts = askDriver(system);
  return {
    action: 'stop',
    done,
    changed: waiting ? [] : [done ? 'stopped the driver' : 'told the driver to stop'],
    notes: done ? [] : [stillThere(facts.service?.state ?? 'stopped')],
    facts,
    signature: null,
  };
};
