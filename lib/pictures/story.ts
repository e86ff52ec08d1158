/**
 * The story the pictures tell: a machine is booted, a user logs on and signs on, and a VTL0 kernel in an attacker’s hands takes what it
 * can. Every line of it is the outcome of a real call on the emulated machine. Pure but for what it does to that machine.
 */
import type { Attempt } from '../emulator/boot/compromised-kernel.js';
import { hvStatusName } from '../emulator/hypervisor/hv-status.js';
import { ntHash } from '../emulator/lsa/ntlm.js';
import type { Machine } from '../emulator/machine.js';
import { ntstatusName } from '../ntstatus.js';
import { type MachinePicture, pictureOf } from './machine-picture.js';

/** Something the attacker tried. */
export interface TriedAttack {
  readonly what: string;
  readonly outcome: string;
  readonly succeeded: boolean;
}

/** One step of the story and the machine right after it. */
export interface Frame {
  readonly title: string;
  readonly text: string;
  readonly attacks: readonly TriedAttack[];
  readonly picture: MachinePicture;
}

export interface StoryEvent {
  readonly sequence: number;
  readonly kind: string;
  /** The event as a sentence. */
  readonly text: string;
  /** The row of docs/behaviours.md that it shows; null where it shows none. */
  readonly behaviour: string | null;
}

export interface Story {
  readonly scenario: string;
  readonly title: string;
  readonly frames: readonly Frame[];
  readonly events: readonly StoryEvent[];
  /** Whether the user’s hash lay in anything the attacker got. */
  readonly hashWasStolen: boolean;
}

const PASSWORD = 'correct horse battery staple';
const PAGE = 4096;
const SOME_BYTES = 16;
const ALL_RIGHTS = 0xf;

const attackText = ({ outcome, data }: Attempt): string => (data.length > 0 ? `${data.length} bytes read` : outcome);

const tried = (what: string, attempt: Attempt): TriedAttack => ({
  what,
  outcome: attackText(attempt),
  succeeded: attempt.succeeded,
});

/** Where the attacker looks: the first page of its own that a process has. */
const firstPage = (machine: Machine, label: string): bigint | null =>
  machine.physicalPages(label).at(0)?.physicalAddress ?? null;

/** What a kernel tries first on memory it wants. */
const lookAt = (machine: Machine, address: bigint, name: string): readonly TriedAttack[] => {
  const kernel = machine.compromisedKernel();
  return [
    tried(`read a page of ${name}`, kernel.read(address, SOME_BYTES)),
    tried('map it at an address of its own', kernel.mapAndRead(Number(address) / PAGE, SOME_BYTES)),
  ];
};

/** And what it tries where that was refused. */
const forceOpen = (machine: Machine, address: bigint): readonly TriedAttack[] => {
  const kernel = machine.compromisedKernel();
  const byDevice = tried('have a device read it', kernel.dma(address, new Uint8Array(SOME_BYTES), 'read'));
  const status = kernel.calls.protect(0, [Number(address) / PAGE], ALL_RIGHTS);
  return [
    byDevice,
    { what: 'ask the hypervisor for rights', outcome: `refused, ${hvStatusName(status)}`, succeeded: status === 0 },
  ];
};

const attackOn = (machine: Machine, label: string, name: string): readonly TriedAttack[] => {
  const address = firstPage(machine, label);
  if (address === null) return [];
  const looked = lookAt(machine, address, name);
  return looked.every(({ succeeded }) => succeeded) ? looked : [...looked, ...forceOpen(machine, address)];
};

/** Bytes that no event and no wording should outgrow: what VTL0 has is counted in KiB. */
const kibibytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

/**
 * Tells it on a machine that nobody has used yet.
 * @throws TrustletError as `machine.lsa`, on a machine without LSASS
 */
export const tellStory = (machine: Machine): Story => {
  const frames: Frame[] = [];
  const show = (title: string, text: string, attacks: readonly TriedAttack[] = []): void => {
    frames.push({ title, text, attacks, picture: pictureOf(machine) });
  };
  const { lsa } = machine;
  const isolated = lsa.isolation === 'isolated';
  for (const label of ['lsass', 'lsaiso']) {
    if (machine.scenario.processes.some((entry) => entry.label === label)) machine.physicalPages(label);
  }
  show(
    'The machine is up',
    machine.platform.hasVtl1
      ? 'The hypervisor gave VTL1 memory of its own. Windows and its programs are VTL0; the secure kernel and trustlets are VTL1.'
      : 'There is no VTL1: one kernel, and access control alone between its processes.',
  );
  const logon = lsa.logOn({ user: 'alice', domain: 'CONTOSO', password: PASSWORD });
  show(
    'A user logs on',
    isolated
      ? 'LSASS sends what it derives from the password to LsaIso, gets it back encrypted, and keeps only that.'
      : 'LSASS derives the hash from the password and keeps it in its own memory.',
  );
  const { status } = lsa.ntlmResponse(logon, { serverChallenge: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  show(
    'A server asks who it is',
    isolated
      ? `LSASS hands blob and challenge to LsaIso, which computes the answer in VTL1: ${ntstatusName(status)}.`
      : `LSASS computes the answer from the hash it has: ${ntstatusName(status)}.`,
  );
  const attacker = machine.compromisedKernel();
  show(
    'VTL0’s kernel falls, and reads LSASS',
    'From here on an attacker is VTL0’s kernel: any driver, any exploit. LSASS is an open book to it.',
    attackOn(machine, 'lsass', 'lsass.exe'),
  );
  if (machine.scenario.processes.some(({ label }) => label === 'lsaiso')) {
    show(
      'It turns to LsaIso',
      'The same on a page of VTL1’s: the hypervisor stops the access and tells the secure kernel, which answers with #GP.',
      attackOn(machine, 'lsaiso', 'LsaIso.exe'),
    );
  }
  const stolen = attacker.readEverything();
  const hashWasStolen = stolen.includes(ntHash(PASSWORD));
  show(
    'It takes everything VTL0 has',
    `Every page it may read, every message it recorded, the registers: ${kibibytes(stolen.byteLength)}. The user’s NT hash is ${hashWasStolen ? 'in it' : 'not in it'}.`,
    [
      {
        what: 'look for the NT hash in it all',
        outcome: hashWasStolen ? 'found' : 'not found',
        succeeded: hashWasStolen,
      },
    ],
  );
  return {
    scenario: machine.scenario.name,
    title: machine.scenario.title,
    frames,
    events: machine.events.map((event) => {
      const { sentence, behaviour } = machine.explain(event);
      return { sequence: event.sequence, kind: event.kind, text: sentence, behaviour };
    }),
    hashWasStolen,
  };
};
