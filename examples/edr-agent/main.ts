/**
 * The agent on Windows: `node dist/main.js --injector <module>`, a module that exports `inject`.
 *
 * There is no injector here: this sample contains nothing that acts on a real process. ../native-injector only asks.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { open } from 'trustlet';
import { Agent } from './agent.js';
import type { Injector } from './injector.js';
import { logLine } from './log.js';
import { serve } from './service.js';

const { values } = parseArgs({
  options: {
    injector: { type: 'string' },
    /** Stops by itself: to try an installation. */
    seconds: { type: 'string' },
  },
});
if (values.injector === undefined) throw new Error('say which injector: --injector <module that exports inject>');
const { inject } = (await import(pathToFileURL(resolve(values.injector)).href)) as { readonly inject: Injector };

const log = (entry: Parameters<typeof logLine>[0]): void => console.log(logLine(entry));
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const) process.once(signal, () => stop.abort());
if (values.seconds !== undefined) setTimeout(() => stop.abort(), Number(values.seconds) * 1000).unref();

const agent = new Agent({ inject, log });
// README open
// Nothing but the real machine will do in production, whatever the environment says.
const openVsm = () => open({ only: ['driver', 'ntdll'] });
// README end

await serve({ agent, openVsm, signal: stop.signal, log });
console.log(JSON.stringify(agent.statistics));
