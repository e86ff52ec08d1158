/** Errors as the command line reports them. */
import { TrustletError, type TrustletErrorCode } from '../errors.js';
import { ExitCode } from './exit-code.js';
import { JSON_SCHEMA } from './json.js';
import { printable } from './text.js';

/** What stands in `error` of a JSON document: every member is always there. */
export interface ErrorDocument {
  /** `ERR_INTERNAL` for anything that is no TrustletError: a fault of this program. */
  readonly code: TrustletErrorCode | 'ERR_INTERNAL';
  readonly message: string;
  readonly ntstatus: number | null;
  readonly ntstatusName: string | null;
  readonly win32: number | null;
  readonly pid: number | null;
  readonly operation: string | null;
}

export interface Failure {
  readonly exitCode: ExitCode;
  readonly document: { readonly schema: number; readonly error: ErrorDocument };
  /** One line for stderr. */
  readonly line: string;
}

const describe = (error: unknown): ErrorDocument => {
  if (TrustletError.is(error)) {
    return {
      code: error.code,
      message: error.message,
      ntstatus: error.ntstatus ?? null,
      ntstatusName: error.ntstatusName ?? null,
      win32: error.win32 ?? null,
      pid: error.pid ?? null,
      operation: error.operation ?? null,
    };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: 'ERR_INTERNAL',
    message: `trustlet met an error of its own, please report it: ${message}`,
    ntstatus: null,
    ntstatusName: null,
    win32: null,
    pid: null,
    operation: null,
  };
};

/** @returns exit code 2 for misuse, 1 for everything else */
export const failureOf = (error: unknown): Failure => {
  const described = describe(error);
  return {
    exitCode: described.code === 'ERR_TRUSTLET_ARGUMENT' ? ExitCode.WRONG_USE : ExitCode.FAILURE,
    document: { schema: JSON_SCHEMA, error: described },
    line: `trustlet: ${printable(described.message.trim().replaceAll(/\s*\n\s*/g, ' '))} [${described.code}]`,
  };
};
