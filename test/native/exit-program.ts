/** A program of environments.test.ts: ends in the way its argument names, with requests in flight. Simulated kernel. */
import { createHook } from 'node:async_hooks';
import { boot, collectUntil, longRequest, NONE, open } from './host.js';

const way = process.argv[2] ?? '';
boot();
const device = open();
const { code, input, output } = longRequest();
const inFlight = (): Promise<number>[] =>
  Array.from({ length: 200 }, () => device.ioctlAsync(code, input, output()).result);

/** What is asked from within the making of the very first request: it makes what later ones have already. */
const fromWithin: Promise<number>[] = [];
let within = false;
if (way === 'first')
  createHook({
    init: (_id, type) => {
      if (type !== 'trustlet' || within) return;
      within = true;
      fromWithin.push(device.ioctlAsync(code, input, output()).result);
    },
  }).enable();

/** Outputs that there is no memory for a second time. */
const memory = async (): Promise<void> => {
  let collected = 0;
  const registry = new FinalizationRegistry<null>(() => {
    collected += 1;
  });
  const attempt = (): void => {
    const huge = new Uint8Array(1_800_000_000);
    registry.register(huge, null);
    try {
      device.ioctlAsync(code, NONE, huge);
    } catch (error) {
      console.log(String(error));
    }
  };
  for (let count = 0; count < 3; count += 1) {
    attempt();
    await collectUntil(() => collected === count + 1);
  }
  device.close();
};

const results = way === 'memory' ? [] : inFlight();

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
  first: () => Promise.all(fromWithin).then(([result]) => console.log(`from within: ${result === output().length}`)),
  memory,
};
ways[way]?.();
