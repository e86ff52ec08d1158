// Imports the given test files into this one process: one node.exe start for all of them, on Node 20 and 22 alike.
// A file that cannot be loaded is a failed test, not a lost one.
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

for (const file of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    test(`${file} loads`, () => {
      throw error;
    });
  }
}
