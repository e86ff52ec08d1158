/**
 * 10,000 processes come and go under the agent, with races scripted between its calls: a process ends or begins to end, its pid goes to
 * a trustlet or to another program, queries fail, the process list cannot be read. Injectors are fast and slow.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { open, TrustletError, type Vsm } from 'trustlet';
import type { CallEvent, FaultCall, Machine, ProcessSpec } from 'trustlet/emulator';
import { assertNoTrustletTouched, buildMachine } from 'trustlet/testing';
import { Agent } from './agent.js';
import { emulatedInjector } from './emulated-injector.js';
import type { Injector } from './injector.js';

const PROCESSES = 10_000;
const A_ROUND = 125;
const SEED = 20_240_607;

/** A small generator of its own, so that every run is the same run (xorshift32). */
const generator = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
};

/** What the test knows of a process, beside what the agent may find out. */
interface Subject {
  readonly label: string;
  readonly trustlet: boolean;
  /** A scripted race has it: it may not be reached any more, and need not. */
  raced: boolean;
}

/** The call each race strikes before, and one in how many of those calls. */
const RACES = {
  'ends before it is opened': { before: 'NtOpenProcess', oneIn: 100 },
  'its pid goes to a trustlet before it is opened': { before: 'NtOpenProcess', oneIn: 100 },
  'its pid goes to another program before it is opened': { before: 'NtOpenProcess', oneIn: 100 },
  'ends while it is examined': { before: 'NtQueryInformationProcess', oneIn: 1000 },
  'begins to end while it is examined': { before: 'NtQueryInformationProcess', oneIn: 1000 },
  'ends under the injector': { before: 'NtAllocateVirtualMemory', oneIn: 40 },
  'ends between two calls of the injector': { before: 'NtWriteVirtualMemory', oneIn: 40 },
} as const satisfies Readonly<Record<string, { readonly before: FaultCall; readonly oneIn: number }>>;
type Race = keyof typeof RACES;
const EVERY_RACE = Object.keys(RACES) as Race[];

class Churn {
  readonly machine: Machine = buildMachine().boot();
  readonly living = new Map<string, Subject>();
  readonly ended: Subject[] = [];
  /** How often each race has struck. */
  readonly struck = new Map<Race, number>();
  spawned = 0;
  readonly #random = generator(SEED);

  constructor() {
    for (const race of EVERY_RACE) this.machine.before(RACES[race].before, (event) => this.#maybeStrike(race, event));
  }

  random(below: number): number {
    return this.#random(below);
  }

  spawn(): void {
    const spec = this.#newProcess();
    this.machine.spawn(spec);
  }

  /** Ends a process that no race has taken. */
  end(subject: Subject): void {
    this.machine.exit(subject.label);
    this.#gone(subject);
  }

  /** The next process, entered into the books: one in ten a trustlet that anyone may open. */
  #newProcess(trustlet: boolean = this.random(10) === 0): ProcessSpec {
    this.spawned += 1;
    const label = `${trustlet ? 'trustlet' : 'program'}-${this.spawned}`;
    this.living.set(label, { label, trustlet, raced: false });
    return trustlet ? { label, trustlet: { id: 1 }, access: 'everyone' } : { label, user: 'user', session: 1 };
  }

  #gone(subject: Subject): void {
    this.living.delete(subject.label);
    this.ended.push(subject);
  }

  /** Trustlets are not raced: they must simply never be touched. */
  #maybeStrike(race: Race, { label }: CallEvent): void {
    if (label === null || this.spawned >= PROCESSES || this.random(RACES[race].oneIn) !== 0) return;
    const subject = this.living.get(label);
    if (subject !== undefined && !subject.trustlet) this.#strike(race, subject);
  }

  #strike(race: Race, subject: Subject): void {
    const { machine } = this;
    const takesPid = race.startsWith('its pid goes');
    // Whoever is held keeps its pid, on Windows too.
    if (takesPid && machine.handlesTo(subject.label) > 0) return;
    this.struck.set(race, (this.struck.get(race) ?? 0) + 1);
    subject.raced = true;
    if (takesPid) machine.reuse(subject.label, this.#newProcess(race.includes('trustlet')));
    else if (race.startsWith('begins')) machine.markExiting(subject.label);
    else machine.exit(subject.label);
    this.#gone(subject);
  }
}

/** A look; a process list that cannot be read is a lost backend, and the next look asks again. @returns whether it succeeded */
const look = (agent: Agent, vsm: Vsm): boolean => {
  try {
    agent.look(vsm);
    return true;
  } catch (error) {
    if (TrustletError.is(error) && error.code === 'ERR_TRUSTLET_BACKEND') return false;
    throw error;
  }
};

/** Everyone waiting gets a turn; new processes are seen while slow injections are under way. */
const reachAll = async (agent: Agent, vsm: Vsm): Promise<void> => {
  while (agent.waiting > 0) {
    agent.reach(vsm);
    await setImmediate();
  }
};

const title = '10,000 processes come and go: no trustlet is touched, every ordinary process is reached once';
test(title, { timeout: 120_000 }, async (context) => {
  const churn = new Churn();
  const { machine } = churn;
  const fast = emulatedInjector(machine.win32);
  // One in three takes a few turns of the event loop, and its process is held meanwhile.
  const inject: Injector = (held) => {
    if (churn.random(3) !== 0) return fast(held);
    return (async () => {
      for (let turns = churn.random(4); turns >= 0; turns -= 1) await setImmediate();
      return fast(held);
    })();
  };
  const agent = new Agent({ inject, concurrency: 8 });
  const vsm = open({ backend: machine });
  const status = 'STATUS_INSUFFICIENT_RESOURCES';
  let lost = 0;

  while (churn.spawned < PROCESSES) {
    const settled = [...churn.living.values()];
    for (let count = 0; count < A_ROUND && churn.spawned < PROCESSES; count += 1) churn.spawn();
    // Calls of the census, of the guard, and the process list itself fail now and then.
    machine.fail('NtOpenProcess', { status, nth: 1 + churn.random(400) });
    machine.fail('NtQueryInformationProcess', { status, infoClass: 0, nth: 1 + churn.random(400) });
    if (churn.random(10) === 0) machine.fail('NtQuerySystemInformation', { status, infoClass: 5, nth: 1 });
    for (let looks = 0; looks < 2; looks += 1) {
      while (!look(agent, vsm)) lost += 1;
      await reachAll(agent, vsm);
    }
    await agent.idle();
    machine.clearFaults();
    // Whoever was there in the round before has had its turn: three in four of them end, the ordinary way.
    for (const subject of settled) {
      if (churn.living.get(subject.label) === subject && churn.random(4) !== 0) churn.end(subject);
    }
  }
  for (let looks = 0; looks < 3; looks += 1) {
    agent.look(vsm);
    await reachAll(agent, vsm);
    await agent.idle();
  }

  assertNoTrustletTouched(machine);
  const times = new Map<string, number>();
  for (const { label, operation, outcome } of machine.touches) {
    if (operation === 'write' && outcome === 'effect') times.set(label, (times.get(label) ?? 0) + 1);
  }
  const everyone = [...churn.ended, ...churn.living.values()];
  assert.equal(everyone.length, PROCESSES);
  for (const { label, trustlet, raced } of everyone) {
    const count = times.get(label) ?? 0;
    if (raced) assert.ok(count <= 1, `${label} was reached ${count} times`);
    else assert.equal(count, trustlet ? 0 : 1, `${label} was reached ${count} times`);
  }
  const { statistics } = agent;
  context.diagnostic(JSON.stringify({ struck: Object.fromEntries(churn.struck), lost, ...statistics }));
  for (const race of EVERY_RACE)
    assert.ok((churn.struck.get(race) ?? 0) >= 50, `too seldom to mean something: ${race}`);
  assert.ok(lost > 0);
  assert.equal(statistics.reached, times.size);
  assert.equal(statistics.refused.secure, everyone.filter(({ trustlet }) => trustlet).length);
  assert.equal(machine.openHandles(), 0);
});
