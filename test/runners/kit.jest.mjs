import { describe, test } from '@jest/globals';
import { registerKitTests } from './kit.mjs';

registerKitTests({ describe, test });
