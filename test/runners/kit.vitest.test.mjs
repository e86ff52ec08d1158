import { describe, test } from 'vitest';
import { registerKitTests } from './kit.mjs';

registerKitTests({ describe, test });
