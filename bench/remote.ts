/**
 * A backend in a process of its own, as every program has one backend. Two in one process would share the compiled code of what lies
 * above them, and V8 compiles what sees one kind of object better than what sees three.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Call } from './calls.js';
import type { Contender } from './rounds.js';

/** Who answers in the other process. */
export type Who = 'ntdll' | 'emulator';

/** Asks for so many calls; the answer is the nanoseconds, or why not. */
export interface Question {
  readonly call: Call;
  readonly calls: number;
}
export type Answer = { readonly elapsed: number } | { readonly error: string };

const PROGRAM = fileURLToPath(new URL('./answerer.js', import.meta.url));

export class Remote {
  readonly #child: ChildProcess;

  /**
   * @param size processes of the machine
   * @param library libntsim.so
   */
  constructor(who: Who, size: number, library: string) {
    this.#child = fork(PROGRAM, [who, String(size), library]);
  }

  /** A contender whose calls are made there; the way there and back is not timed. */
  contender(call: Call): Contender {
    return {
      name: call.name,
      where: call.where,
      time: (calls) =>
        new Promise((resolve, reject) => {
          const ended = (): void => reject(new Error(`${call.name}: its process ended`));
          this.#child.once('exit', ended);
          this.#child.once('message', (answer: Answer) => {
            this.#child.removeListener('exit', ended);
            if ('error' in answer) reject(new Error(`${call.name}: ${answer.error}`));
            else resolve(answer.elapsed);
          });
          this.#child.send({ call, calls } satisfies Question);
        }),
    };
  }

  end(): void {
    this.#child.disconnect();
  }
}
