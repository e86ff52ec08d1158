/** Pids that belong to one process for ever (facts/nt.md 1.4): no other is ever given them. */

export const IDLE_PID = 0;
export const SYSTEM_PID = 4;
