// Runs in the fresh project: what a program sees of the package where TRUSTLET_BACKEND chooses the emulated machine. Its last line is JSON.
import { open, TrustletError } from 'trustlet';
import 'trustlet/emulator';
import 'trustlet/testing';

const vsm = open();
const verdicts = [...vsm.census()].map(({ verdict }) => verdict);
const trustlet = [...vsm.census()].find(({ verdict }) => verdict === 'secure').pid;
let refused;
try {
  vsm.guard.run(trustlet, 'write', () => process.exit(1));
} catch (error) {
  refused = error instanceof TrustletError && error.code;
}
const { name, simulated } = vsm.backend;
vsm.close();
console.log(JSON.stringify({ name, simulated, kinds: [...new Set(verdicts)].sort(), refused }));
