import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot } from '../../../lib/emulator-entry.js';
import { escaped } from '../../../lib/pictures/html/markup.js';
import { storyPage } from '../../../lib/pictures/html/page.js';
import { type Story, tellStory } from '../../../lib/pictures/story.js';

const outcomes = ({ frames }: Story): readonly string[] =>
  frames.flatMap(({ attacks }) => attacks.map(({ what, outcome }) => `${what}: ${outcome}`));

describe('the story', () => {
  test('with Credential Guard: LSASS is read, LsaIso is not, and the hash is in nothing that VTL0 has', () => {
    const story = tellStory(boot('credential-guard'));
    assert.deepEqual(outcomes(story), [
      'read a page of lsass.exe: 16 bytes read',
      'map it at an address of its own: 16 bytes read',
      'read a page of LsaIso.exe: intercepted',
      'map it at an address of its own: intercepted',
      'have a device read it: blocked',
      'ask the hypervisor for rights: refused, INVALID_PARAMETER',
      'look for the NT hash in it all: not found',
    ]);
    assert.equal(story.hashWasStolen, false);
    assert.deepEqual(
      story.frames.at(-1)?.picture.exchanges.map(({ operation, direction }) => `${direction} ${operation}`),
      [
        'request ProtectCredential',
        'reply ProtectCredential',
        'request KerbProtectKey',
        'reply KerbProtectKey',
        'request Lm20GetNtlm3ChallengeResponse',
        'reply Lm20GetNtlm3ChallengeResponse',
      ],
    );
    const intercept = story.events.find(({ kind }) => kind === 'intercept');
    assert.match(intercept?.text ?? '', /VTL1 intercepts VTL0’s read/);
    assert.match(intercept?.behaviour ?? '', /^B\d\d$/);
  });

  test('without isolation the same attacker finds the hash', () => {
    const story = tellStory(boot('plain'));
    assert.equal(story.hashWasStolen, true);
    assert.equal(
      story.frames.some(({ title }) => title === 'It turns to LsaIso'),
      false,
    );
    assert.match(story.frames[1]?.text ?? '', /keeps it in its own memory/);
  });

  test('is the same each time it is told', () => {
    assert.deepEqual(tellStory(boot('credential-guard')), tellStory(boot('credential-guard')));
  });
});

describe('its page', () => {
  const page = storyPage(tellStory(boot('credential-guard')));

  test('says that it is emulated, and asks for nothing from anywhere', () => {
    assert.match(page, /<p class="seen">Seen: emulated \(scenario credential-guard\)/);
    assert.match(page, /<html lang="en">/);
    assert.doesNotMatch(page, /(?:src|href)="(?!data:)/);
    assert.doesNotMatch(page, /url\(|@import|\sstyle="|\son\w+="/);
    assert.match(
      page,
      /content="default-src 'none'; img-src data:; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'/,
    );
  });

  test('stays small', () => {
    assert.ok(page.length < 200_000, `${page.length} characters`);
  });

  test('shows what a machine says as text alone', () => {
    assert.equal(
      escaped('<img src=x onerror="a&b">\u0007\u202e\''),
      '&lt;img src=x onerror=&quot;a&amp;b&quot;&gt;\\u{7}\\u{202e}&#39;',
    );
    const machine = boot('credential-guard');
    const { scenario } = machine;
    const hostile = boot({ ...scenario, title: '<script>alert(1)</script>' });
    const hostilePage = storyPage(tellStory(hostile));
    assert.doesNotMatch(hostilePage, /<script>alert/);
    assert.match(hostilePage, /&lt;script&gt;alert/);
  });
});
