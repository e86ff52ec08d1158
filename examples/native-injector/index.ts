/** The injector of an agent on Windows, in the shape an agent author gives it. This one only asks whose handle it was given. */
import { createRequire } from 'node:module';
import type { Held } from 'trustlet';

interface Ask {
  /** @returns 0 for a value that is no process handle of this process */
  processIdOf(handle: bigint): number;
}

export const { processIdOf } = createRequire(import.meta.url)('../build/Release/ask.node') as Ask;

// README inject
export const inject = (held: Held): void => {
  const pid = processIdOf(held.handle); // your native code, on this handle and before this function returns
  if (pid !== held.pid) throw new Error(`the handle of pid ${held.pid} names pid ${pid}`);
};
// README end
