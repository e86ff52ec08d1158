/** Machines with somebody logged on, and what an attacker or the host finds on them. */
import { boot, type Machine, ntHash } from '../../../../lib/emulator/index.js';
import { kerberosKey } from '../../../../lib/emulator/lsa/kerberos.js';
import { nodeCrypto } from '../../../../lib/node-crypto.js';

export const ALICE = { user: 'alice', domain: 'CONTOSO', password: 'correct horse battery' } as const;
export const SERVER_CHALLENGE: Uint8Array = Uint8Array.of(1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef);

/** What must not get out: the NT hash and the Kerberos key of a password. */
export const secretsOf = ({ user, domain, password }: typeof ALICE): readonly Uint8Array[] => [
  ntHash(password),
  kerberosKey(nodeCrypto, user, domain, password),
];

/** A machine booted and Alice logged on. */
export const withAlice = (scenario = 'credential-guard'): { readonly machine: Machine; readonly logon: number } => {
  const machine = boot(scenario);
  return { machine, logon: machine.lsa.logOn(ALICE) };
};

/** Every byte of memory in use, whatever rights VTLs have: the host's view. */
export const hostMemory = (machine: Machine): Buffer =>
  Buffer.concat(
    machine.hypervisor.pagesInUse().map((page) => machine.hypervisor.readPhysical(BigInt(page * 4096), 4096)),
  );

/** The key of this boot, as the host finds it in VTL1's page. */
export const bootKeyOf = (machine: Machine): Uint8Array => {
  const [, page] = machine.snapshot().state.secretPages;
  return machine.hypervisor.readPhysical(BigInt((page ?? 0) * 4096), 32);
};

/** Every event as text, with every value in it. */
export const eventBytes = (machine: Machine): Buffer =>
  Buffer.from(
    machine.eventLines().join('\n') +
      JSON.stringify(machine.events, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value)),
  );
