/** What the agent says, as plain data, and where it goes. */
import { type Decision, toJson } from 'trustlet';

export type LogEntry =
  | { readonly event: 'reached'; readonly pid: number; readonly name: string | null }
  | { readonly event: 'failed'; readonly pid: number; readonly name: string | null; readonly error: string }
  | ({ readonly event: 'refused'; readonly name: string | null; readonly askAgain: boolean } & Pick<
      Decision,
      'pid' | 'verdict' | 'reason' | 'statusName' | 'advice' | 'evidence' | 'backend'
    >)
  | { readonly event: 'lost'; readonly error: string; readonly againInMs: number }
  | {
      readonly event: 'opened';
      readonly backend: string;
      readonly description: string;
      readonly simulated: boolean;
      /** Why not the driver; null where it is, or was not asked for. */
      readonly fallback: string | null;
    }
  | { readonly event: 'stopped' };

export type Log = (entry: LogEntry) => void;

/** One JSON object a line. */
export const logLine = (entry: LogEntry): string => JSON.stringify(toJson(entry));
