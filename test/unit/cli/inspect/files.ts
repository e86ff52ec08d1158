/** A folder of its own for a test's files, gone when the tests are done. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { after } from 'node:test';

export interface Folder {
  readonly path: string;
  /** What the paths of its files begin with. */
  readonly prefix: string;
  /** @returns the path of a file with this content */
  readonly add: (name: string, content: Uint8Array | string) => string;
  readonly at: (name: string) => string;
}

/** To be called where tests are described. */
export const folderOf = (files: Readonly<Record<string, Uint8Array | string>> = {}): Folder => {
  const path = mkdtempSync(join(tmpdir(), 'trustlet-inspect-'));
  after(() => rmSync(path, { recursive: true, force: true }));
  const at = (name: string): string => join(path, name);
  const add = (name: string, content: Uint8Array | string): string => {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), content);
    return at(name);
  };
  for (const [name, content] of Object.entries(files)) add(name, content);
  return { path, prefix: path + sep, add, at };
};

/** Files whose names sort as their numbers do, every fifth a program, the others text. */
export const crowd = (folder: Folder, count: number, program: Uint8Array): string[] =>
  Array.from({ length: count }, (_, index) =>
    folder.add(`crowd/${String(index).padStart(5, '0')}`, index % 5 === 0 ? program : 'text'),
  );
