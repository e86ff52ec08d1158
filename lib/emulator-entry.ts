/**
 * `trustlet/emulator`: the emulated machine. Beside exporting it, this entry tells `open` that the emulator is loaded, which matters
 * where modules cannot be loaded later (see lazy-module.ts).
 */
import * as emulatedBackend from './backends/emulated.js';
import * as emulator from './emulator/index.js';
import { provideModule } from './lazy-module.js';
import * as scenarioFile from './scenario-file.js';

provideModule('./backends/emulated.js', emulatedBackend);
provideModule('./emulator/index.js', emulator);
provideModule('./scenario-file.js', scenarioFile);

export * from './emulator/index.js';
