/** What `spawn` and `reuse` take, read strictly and brought to a scenario entry. */
import { readProperties, requireObject, show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import type { Scenario, ScenarioProcess } from './scenario.js';
import { parseScenario } from './scenario-schema.js';

/** A program to start: a scenario's process entry, where the image defaults to `<label>.exe`. */
export type ProcessSpec = Omit<ScenarioProcess, 'image'> & { readonly image?: string | undefined };

const KNOWN = [
  'label',
  'image',
  'pid',
  'parent',
  'session',
  'user',
  'elevated',
  'privileges',
  'protection',
  'trustlet',
  'kind',
  'wow64',
  'frozen',
  'background',
  'stronglyNamed',
  'crossSessionCreate',
  'state',
  'threads',
  'access',
  'faults',
  'volatile',
] as const;

/**
 * @param scenario where a bare label is looked up: then the new process is another instance of that program
 * @param spec a specification, or a label
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT or ERR_TRUSTLET_FORMAT, naming the property
 */
export const readProcessSpec = (scenario: Scenario, spec: unknown): ScenarioProcess => {
  if (typeof spec === 'string' && spec !== '') {
    const known = scenario.processes.find((process) => process.label === spec);
    if (known === undefined) return { label: spec, image: `${spec}.exe` };
    const { pid: _pid, state: _state, faults: _faults, ...program } = known;
    return program;
  }
  if (typeof spec === 'string')
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', 'A process needs a label; got an empty one.');
  requireObject('the process to start', spec);
  const { parent, ...given } = readProperties('the process to start', spec, KNOWN);
  const { label } = given;
  if (typeof label !== 'string' || label === '') {
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `A process needs a label; got ${show(label)}.`);
  }
  // One scenario of this process alone: the schema has every rule about an entry, and no second place does.
  const [program] = parseScenario({
    schema: 1,
    name: 'spawn',
    title: 'one process',
    system: { build: 26100, vsm: true },
    agent: label,
    processes: [{ image: `${label}.exe`, ...given }],
  }).processes;
  return { ...(program as ScenarioProcess), parent: parent as string | undefined };
};
