/** The pages people read: their links lead somewhere, in the npm package too, and what they cite is there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

const pages = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Without what is shown as code. */
const prose = (page: string): string => page.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').replaceAll(/`[^`\n]*`/g, 'code');

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): readonly string[] =>
  [...page.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

interface Link {
  readonly page: string;
  readonly path: string;
  readonly anchor: string;
}

const links: readonly Link[] = pages.flatMap((page) =>
  [...prose(text(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^https?:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { page, path: path === '' ? page : posix.normalize(posix.join(dirname(page), path)), anchor };
    }),
);

describe('the pages', () => {
  test('there are links to look at', () => {
    assert.ok(pages.length > 9 && links.length > 40, `${links.length} links on ${pages.length} pages`);
  });

  test('every link leads to a file, and to a heading where it names one', () => {
    const broken = links.filter(
      ({ path, anchor }) => !existsSync(join(root, path)) || (anchor !== '' && !anchorsOf(text(path)).includes(anchor)),
    );
    assert.deepEqual(broken, []);
  });

  test('no link leads out of the npm package', () => {
    const { files } = JSON.parse(text('package.json')) as { files: string[] };
    const shipped = ['README.md', 'LICENSE', 'package.json', ...files.filter((entry) => !entry.startsWith('!'))];
    const outside = links.filter(
      ({ path }) => !shipped.some((entry) => path === entry || path.startsWith(`${entry}/`)),
    );
    assert.deepEqual(outside, []);
  });

  test('each row of the fact sheets that a page cites has its sources on docs/sources.md', () => {
    const sources = text('docs/sources.md');
    const rows = new Set([...sources.matchAll(/^\| ((?:nt|vsm|wine|node-native) \d+)\s+\|/gm)].map(([, row]) => row));
    const cited = pages.flatMap((page) =>
      [...text(page).matchAll(/facts\/(nt|vsm|wine|node-native)\.md (\d+)|\[(nt|wine|vsm) (\d+)/g)].map(
        ([, sheet, row, linked, linkedRow]) => ({ page, row: `${sheet ?? linked} ${row ?? linkedRow}` }),
      ),
    );
    assert.ok(rows.size > 20 && cited.length > 40);
    assert.deepEqual(
      cited.filter(({ row }) => !rows.has(row)),
      [],
    );
  });

  test('each test that docs/security.md names has that title, and each file it names exists', () => {
    const page = text('docs/security.md');
    const one = page.replaceAll(/\s+/g, ' ');
    const folders = [
      ...['core', 'wdm', 'guard'].map((name) => `test/driver/${name}`),
      ...['test/driver', 'test/wine/driver', 'test/unit'],
    ];
    const tests = folders
      .flatMap((folder) =>
        readdirSync(join(root, folder))
          .filter((name) => /\.(?:c|test\.ts)$/.test(name))
          .map((name) => text(`${folder}/${name}`)),
      )
      .join('\n')
      .replaceAll(/"\s*\n\s*"/g, '');
    const titles = [...one.matchAll(/“([^”]+)”/g)]
      .map(([, title = '']) => title)
      .filter(
        (title) => !['What nobody has checked yet', 'title', 'HyperVisor Code Integrity Readiness'].includes(title),
      );
    assert.ok(titles.length > 30, `${titles.length} titles`);
    assert.deepEqual(
      titles.filter((title) => !tests.includes(title)),
      [],
    );

    const files = [...page.matchAll(/`((?:core|wdm|guard)\/\w+\.c|(?:test|scripts|driver|lib)\/[\w./-]+\.\w+)`/g)].map(
      ([, path = '']) => path,
    );
    assert.ok(files.length > 30, `${files.length} files`);
    assert.deepEqual(
      files.filter(
        (path) =>
          !existsSync(join(root, path)) &&
          !['test/driver', 'driver'].some((folder) => existsSync(join(root, folder, path))),
      ),
      [],
    );
  });
});
