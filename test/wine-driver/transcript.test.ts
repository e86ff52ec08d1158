import { after } from 'node:test';
import { holdToTranscript } from '../contract/golden-transcript.js';
import { wineDriverHost } from '../contract/hosts/wine-driver.js';

const host = wineDriverHost();
holdToTranscript(host, ['a pid that comes back']);
after(host.end);
