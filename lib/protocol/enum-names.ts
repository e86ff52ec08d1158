/**
 * Numbers of the wire to names. A newer driver may send a number that this package has no name for: it reads as what allows
 * least, and as nothing anybody would act upon.
 */
import type { DecisionReason, Evidence, SecureVerdict, VerdictReason } from '../types.js';
import type { Wire } from './wire.js';

/** Whether an examined object is who was expected; `unchecked`: nobody was, or nothing is known of the object. */
export type IdentityCheck = keyof Wire['enums']['Identity'];
/** State of an examined thread; `unpaired`: it would not say. */
export type ThreadState = keyof Wire['enums']['Thread'];

/** Why the driver judged or decided as it did: one table serves both. */
export type DriverReason = VerdictReason | DecisionReason;

type Lookup<Name> = (value: number) => Name;

/** The names a wire’s enumerations have. */
export interface EnumNames {
  readonly verdict: Lookup<SecureVerdict>;
  readonly reason: Lookup<DriverReason>;
  readonly evidence: Lookup<Evidence>;
  readonly decision: Lookup<'allow' | 'refuse'>;
  readonly identity: Lookup<IdentityCheck>;
  readonly thread: Lookup<ThreadState>;
}

const lookup = <Name extends string>(table: Readonly<Record<Name, number>>, otherwise: NoInfer<Name>): Lookup<Name> => {
  const names = new Map((Object.keys(table) as Name[]).map((name) => [table[name], name]));
  return (value) => names.get(value) ?? otherwise;
};

/** @param wire whose enumerations; made once for each codec */
export const enumNames = ({ enums }: Wire): EnumNames => ({
  verdict: lookup(enums.Verdict, 'unknown'),
  reason: lookup(enums.Reason, 'query-failed'),
  evidence: lookup(enums.Evidence, 'assumed'),
  decision: lookup(enums.Decision, 'refuse'),
  identity: lookup(enums.Identity, 'other'),
  thread: lookup(enums.Thread, 'unpaired'),
});
