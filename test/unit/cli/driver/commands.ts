/** `trustlet driver …` on a fake Windows. */
import { type Captured, document, trustlet } from '../capture.js';
import { DRIVER_PATH, FakeWindows, SOURCE_PATH } from './fake-windows.js';
import { driverImage } from './images.js';

/** A Windows with a file to install. */
export const windows = (change: (fake: FakeWindows) => void = () => {}): FakeWindows => {
  const fake = new FakeWindows();
  fake.files.set(SOURCE_PATH, driverImage());
  change(fake);
  return fake;
};

/** One on which the driver is installed. */
export const withDriver = (change: (fake: FakeWindows) => void = () => {}): FakeWindows =>
  windows((fake) => {
    fake.install().files.set(DRIVER_PATH, driverImage());
    change(fake);
  });

export const driver = (fake: FakeWindows, argv: string | readonly string[]): Promise<Captured> =>
  trustlet(['driver', ...(typeof argv === 'string' ? argv.split(' ') : argv)], { system: () => fake });

export const install = (fake: FakeWindows, ...more: readonly string[]): Promise<Captured> =>
  driver(fake, ['install', '--file', SOURCE_PATH, ...more]);

/** What `--json` writes. */
export const json = async (fake: FakeWindows, argv: string): Promise<Record<string, unknown>> =>
  document(await driver(fake, `${argv} --json`));
