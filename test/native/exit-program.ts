/** A program of environments.test.ts: ends in the way its argument names, with requests in flight. Simulated kernel. */
import { boot, longRequest, open } from './host.js';

boot();
const device = open();
const { code, input, output } = longRequest();
const results = Array.from({ length: 200 }, () => device.ioctlAsync(code, input, output()).result);

const exit = (): void => process.exit(7);
const ways: Readonly<Record<string, () => void>> = {
  exit,
  'exit later': () => setTimeout(exit, 5),
  throw: () =>
    setTimeout(() => {
      throw new Error('on purpose');
    }, 5),
  close: () => device.close(),
  // Nothing keeps the program alive but what is in flight.
  wait: () => results[199]?.then((result) => console.log(`the last: ${result === output().length}`)),
};
ways[process.argv[2] ?? '']?.();
