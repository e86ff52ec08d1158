/** Headless Chromium over its debugging pipe: as much of the protocol as the tests of a page need. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Anything the browser sends unasked. */
export interface BrowserEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly resolve: (result: Readonly<Record<string, unknown>>) => void;
  readonly reject: (error: Error) => void;
}

/** Debian’s, and what others call it. */
const PROGRAM =
  ['chromium', 'chromium-browser', 'google-chrome'].find(
    (name) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name]).status === 0,
  ) ?? 'chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

export class Chromium {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #input: Writable;
  readonly #waiting = new Map<number, Waiting>();
  readonly #events: BrowserEvent[] = [];
  #session: string | undefined;
  #nextId = 1;
  #rest = '';

  private constructor() {
    this.#profile = mkdtempSync(join(tmpdir(), 'trustlet-chromium-'));
    this.#process = spawn(
      PROGRAM,
      [...FLAGS, `--user-data-dir=${this.#profile}`, '--remote-debugging-pipe', 'about:blank'],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      },
    );
    const [, , , input, output] = this.#process.stdio;
    this.#input = input as Writable;
    (output as Readable).setEncoding('utf8').on('data', (part: string) => this.#take(part));
    const die = (why: string): void => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${PROGRAM}: ${why}`));
      this.#waiting.clear();
    };
    this.#process.on('error', (error) => die(error.message));
    this.#process.on('exit', (code) => die(`it ended with ${code}`));
    this.#input.on('error', () => {});
  }

  /** @returns a browser with one page, whose console, exceptions and requests are listened to */
  static async start(): Promise<Chromium> {
    const browser = new Chromium();
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = sessionId as string;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.send(`${domain}.enable`);
    return browser;
  }

  send(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = this.#nextId;
    this.#nextId += 1;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#input.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    });
  }

  /** Goes to a page and waits until it is loaded. @returns what the browser told meanwhile */
  async visit(url: string): Promise<readonly BrowserEvent[]> {
    this.#events.length = 0;
    await this.send('Page.navigate', { url });
    while (!this.#events.some(({ method }) => method === 'Page.loadEventFired')) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.#events;
  }

  /** @returns the value of an expression in the page, as JSON has it */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    const { result, exceptionDetails } = answer as {
      readonly result: { readonly value: T };
      readonly exceptionDetails?: { readonly text: string };
    };
    if (exceptionDetails !== undefined) throw new Error(`in the page: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  /** Presses a key and lets it go. @param key as KeyboardEvent.key has it */
  async press(key: string): Promise<void> {
    const code = { Tab: 9, ArrowLeft: 37, ArrowRight: 39, Home: 36, End: 35 }[key] ?? 0;
    const params = { key, code: key, windowsVirtualKeyCode: code };
    await this.send('Input.dispatchKeyEvent', { ...params, type: 'rawKeyDown' });
    await this.send('Input.dispatchKeyEvent', { ...params, type: 'keyUp' });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill();
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #take(part: string): void {
    const texts = (this.#rest + part).split('\0');
    this.#rest = texts.pop() ?? '';
    for (const text of texts) this.#handle(JSON.parse(text) as Message);
  }

  #handle({ id, method, params = {}, result = {}, error }: Message): void {
    if (id === undefined) {
      if (method !== undefined) this.#events.push({ method, params });
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
  }
}
