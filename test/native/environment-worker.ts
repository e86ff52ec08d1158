/** One worker of environments.test.ts: does what it is told with a device of its own, and says when. Simulated kernel. */
import { parentPort, workerData } from 'node:worker_threads';
import { binding, hello, LSAISO, longRequest, open, verdictOf } from './host.js';

const role = workerData as string;
const say = (message: unknown): void => parentPort?.postMessage(message);

if (role === 'answer') {
  const device = open();
  say([hello(device), verdictOf(device, LSAISO), binding.currentProcessId()]);
  device.close();
} else if (role === 'leave open') {
  open();
  say('open');
} else if (role === 'in flight') {
  const device = open();
  const { code, input, output } = longRequest();
  for (let count = 0; count < 200; count += 1) device.ioctlAsync(code, input, output());
  say('in flight');
} else if (role === 'busy') {
  const device = open();
  say('busy');
  for (;;) verdictOf(device, LSAISO);
} else if (role === 'many') {
  const device = open();
  for (let count = 0; count < 2000; count += 1) verdictOf(device, LSAISO);
  const { code, input, output } = longRequest();
  const results = await Promise.all(Array.from({ length: 20 }, () => device.ioctlAsync(code, input, output()).result));
  device.close();
  say(results.every((result) => result === output().length));
}
