/** What VTL0 tries on the secure kernel: forged blocks, lying replies, changed pages, changes behind its back. */
import { lieAbout } from './lies.js';
import { SERVICES, type Step, TRUSTLET_CALLS } from './steps.js';
import { canaryOf, NOTHING, PAGE, SECRET_BYTES, type World } from './world.js';

/** Where VTL0 puts the block of a secure call. */
const SECURE_CALL_BLOCK = 0x15_2000n;

/** What a secure call is given: handles and addresses that are real, almost real, or anything. */
const argument = (world: World, number: number): bigint => {
  const { trustlets } = world.machine.secureKernel;
  const handle = trustlets[number % Math.max(1, trustlets.length)]?.handle ?? 0n;
  switch (number % 5) {
    case 0:
      return handle;
    case 1:
      return handle + BigInt(number >> 8);
    case 2:
      return world.address(number);
    case 3:
      return world.machine.process(world.label(number & 1)).dataAddress + BigInt(number % 64);
    default:
      return BigInt(number);
  }
};

export const secureCall = (
  world: World,
  { service, operation, cookie, args, at }: Extract<Step, { do: 'secure-call' }>,
): Uint8Array => {
  const { secureKernel } = world.machine;
  const named = SERVICES[service];
  const code = named === undefined ? service * 37 : (secureKernel.serviceCode(named) ?? 0);
  const { trustlets } = secureKernel;
  const real = trustlets[cookie % Math.max(1, trustlets.length)]?.cookies[0] ?? 0;
  const block = new DataView(new ArrayBuffer(104));
  block.setUint8(0, operation);
  block.setUint16(2, code, true);
  block.setUint32(4, cookie % 3 === 0 ? cookie : real, true);
  args.forEach((each, index) => {
    block.setBigUint64(8 + index * 8, argument(world, each), true);
  });
  const where = at === null ? undefined : world.harmless(world.address(at));
  const { status, block: answer } = secureKernel.secureCall(new Uint8Array(block.buffer), where);
  world.count(`secure call ${status.toString(16)}`);
  return answer;
};

export const lieToVtl1 = (
  world: World,
  { calls, lying, status, page }: Extract<Step, { do: 'normal-lie' }>,
): Uint8Array => {
  world.stopLying();
  let left = calls;
  world.stopLying = world.machine.secureKernel.onNormalCall(({ service, input, outputLength }) => {
    world.hear('the arguments of a normal call', input);
    left -= 1;
    if (left < 0) return undefined;
    world.count(`lied about ${service}`);
    if (service === 'ALLOCATE_VM') {
      return page === null ? { status } : { page: Number(world.address(page) / BigInt(PAGE)) };
    }
    const output = lieAbout(
      new Uint8Array(Math.min(outputLength, PAGE)).fill(lying.value & 0xff),
      lying,
      world.recorded,
    );
    return { status, output, length: lying.at % 3 === 0 ? lying.at * 77 : output.length };
  });
  return NOTHING;
};

export const changeBehindVtl1 = (
  world: World,
  { reads, at, value }: Extract<Step, { do: 'double-fetch' }>,
): Uint8Array => {
  world.stopChanging();
  let left = reads;
  world.stopChanging = world.machine.secureKernel.onRead((what) => {
    left -= 1;
    if (left < 0) return;
    world.count(`changed after the ${what} was read`);
    // VP 0 is in VTL1: another processor does it.
    const other = world.machine.compromisedKernel(1);
    other.write(SECURE_CALL_BLOCK + BigInt(at % 104), Uint8Array.of(value & 0xff, value >> 8));
  });
  return NOTHING;
};

/** A trustlet passes its secret where a service declares less: the rest must not travel. */
export const callFrom = (
  world: World,
  { trustlet, service, outputLength }: Extract<Step, { do: 'trustlet-call' }>,
): Uint8Array => {
  const label = world.label(trustlet);
  const name = TRUSTLET_CALLS[service] ?? 'NtClose';
  const input = new Uint8Array(8 + SECRET_BYTES);
  input.set(canaryOf(label), 8);
  const { status } = world.machine.secureKernel.callsOf(label).call(name, input, outputLength);
  world.count(`${name} ${status.toString(16)}`);
  return NOTHING;
};

export const pageOut = (
  world: World,
  { trustlet, page, alter, value }: Extract<Step, { do: 'page-out' }>,
): Uint8Array => {
  const { machine } = world;
  const label = world.label(trustlet);
  const pages = machine.physicalPages(label);
  const address =
    page % 2 === 0 ? machine.process(label).dataAddress : (pages[page % Math.max(1, pages.length)]?.address ?? 0n);
  const before = new Set(machine.hypervisor.pagesInUse());
  world.count(`page out ${machine.secureKernel.pageOut(label, address).toString(16)}`);
  const encrypted = machine.hypervisor.pagesInUse().find((each) => !before.has(each));
  if (alter && encrypted !== undefined) {
    world.kernel.write(BigInt(encrypted * PAGE + (value % PAGE)), Uint8Array.of(value & 0xff));
  }
  // It needs the page: it is brought back, or the trustlet ends for a page that is not what it was.
  machine.readMemory(label, machine.process(label).dataAddress, 1);
  if (machine.process(label).life !== 'running') world.count('a trustlet ended for its page');
  return NOTHING;
};
