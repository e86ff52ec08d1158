/** The story as one file. */
import { writeFileSync } from 'node:fs';
import { TrustletError } from '../../errors.js';
import { storyPage } from '../../pictures/html/page.js';
import type { Story } from '../../pictures/story.js';

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT where there is no story, or the file cannot be written */
export const writeStoryPage = (path: string, story: Story | null): void => {
  if (story === null) {
    const what = 'this scenario has no LSASS, so there is no story to write: name another, e.g. credential-guard.';
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `--html: ${what}`);
  }
  if (path === '')
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', '--html needs the name of a file; got an empty one.');
  try {
    writeFileSync(path, storyPage(story));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `--html: ${path} cannot be written: ${why}.`, { cause: error });
  }
};
