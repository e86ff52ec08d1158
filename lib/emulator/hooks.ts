/** Scripted races: what a test wants to happen just before a call. */
import type { FaultCall } from './scenario.js';

/** The call an action runs before. */
export interface CallEvent {
  readonly call: FaultCall;
  /** The process it is aimed at, null where there is none (a pid nobody has, a system query). */
  readonly label: string | null;
  readonly pid: number | null;
  readonly infoClass: number | null;
}

export type CallAction = (event: CallEvent) => void;

interface Hook {
  readonly call: FaultCall;
  readonly action: CallAction;
  readonly nth: number | null;
  readonly label: string | null;
  seen: number;
}

/** Actions are part of the test, not of the machine's state: `restore` leaves them alone. */
export class HookScript {
  #hooks: readonly Hook[] = [];
  #running = false;

  get isEmpty(): boolean {
    return this.#hooks.length === 0;
  }

  /** True while an action runs. */
  get isRunning(): boolean {
    return this.#running;
  }

  /** Runs what the test does in the middle of a call: until it is over no action runs and nothing is restored. */
  during<T>(act: () => T): T {
    const outer = this.#running;
    this.#running = true;
    try {
      return act();
    } finally {
      this.#running = outer;
    }
  }

  /** @returns takes the action away again */
  add(call: FaultCall, action: CallAction, nth: number | null, label: string | null): () => void {
    const hook: Hook = { call, action, nth, label, seen: 0 };
    this.#hooks = [...this.#hooks, hook];
    return () => {
      this.#hooks = this.#hooks.filter((other) => other !== hook);
    };
  }

  /** Runs what is due. Calls made by an action trigger no further actions. */
  run(event: CallEvent): void {
    if (this.#running) return;
    this.#running = true;
    try {
      for (const hook of this.#hooks) {
        if (hook.call !== event.call || (hook.label !== null && hook.label !== event.label)) continue;
        hook.seen += 1;
        if (hook.nth === null || hook.nth === hook.seen) hook.action(event);
      }
    } finally {
      this.#running = false;
    }
  }
}
