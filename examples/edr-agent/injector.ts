/** The one seam an agent owns: what it does to a process once the guard has let it in. */
// README injector
import type { GuardOperation, Held } from 'trustlet';

/** Acts on one process, through `held.handle`, and is done when it returns or its promise settles. Throws when it fails. */
export type Injector = (held: Held) => void | PromiseLike<void>;

/** What the injector does, by the guard's names: `held.handle` carries exactly the rights these need, and the right to ask. */
export const OPERATIONS: readonly GuardOperation[] = ['allocate', 'write'];
// README end
