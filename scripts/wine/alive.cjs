// Loaded before anything else by the Wine harness: tells it that node.exe has started (scripts/lib/wine.mjs).
const marker = process.env.TRUSTLET_WINE_ALIVE;
if (marker !== undefined) {
  require('node:fs').writeFileSync(marker, '');
  delete process.env.TRUSTLET_WINE_ALIVE;
}
