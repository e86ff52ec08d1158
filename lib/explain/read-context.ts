/** What a caller passes to `explain` beside the target, read strictly. */
import { isObject, MAX_UINT32, readMember, readProperties, requireObject, show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import type { Posture } from '../types.js';
import { type ApiEntry, apiNamed, apiOfOperations } from './apis.js';
import { type ExplainedError, readErrorCode } from './error-code.js';

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const isErrorCode = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= -0x8000_0000 && value <= MAX_UINT32;

/**
 * @param error a code, or an error object with `ntstatus`, `win32` or the guard’s `operation`
 * @returns null where there is none
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT
 */
export const readError = (error: unknown): ExplainedError | null => {
  if (error === undefined || error === null) return null;
  if (isErrorCode(error)) return readErrorCode(error);
  for (const name of isObject(error) ? (['ntstatus', 'win32'] as const) : []) {
    const code = readMember(error as object, name);
    if (code === undefined || code === null) continue;
    if (isErrorCode(code)) return readErrorCode(code);
    throw argumentError(`error.${name} must be a whole number of 32 bits; got ${show(code)}.`);
  }
  // A refusal because of the secure bit has no status: nothing failed.
  if (TrustletError.is(error)) return { ntstatus: null, win32: null, name: error.code };
  throw argumentError(`error must be a number or carry ntstatus or win32; got ${show(error)}.`);
};

const operationOf = (error: unknown): ApiEntry | null => {
  const operation = isObject(error) ? readMember(error, 'operation') : undefined;
  return typeof operation === 'string' ? apiOfOperations(operation) : null;
};

const readPosture = (posture: unknown): Posture => {
  requireObject('context.posture', posture);
  const { findings, features, sources } = posture;
  if (!Array.isArray(findings) || !isObject(features) || !isObject(sources)) {
    throw argumentError('context.posture must be what posture() or postureAsync() answered.');
  }
  return posture as unknown as Posture;
};

export interface ReadContext {
  readonly api: ApiEntry | null;
  readonly posture: Posture | null;
}

/**
 * @param error may say which operation it was, where the context does not
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT
 */
export const readContext = (context: unknown, error: unknown): ReadContext => {
  if (context === undefined || context === null) return { api: operationOf(error), posture: null };
  requireObject('context', context);
  const { api, posture } = readProperties('context', context, ['api', 'posture']);
  if (api !== undefined && typeof api !== 'string') {
    throw argumentError(`context.api must be the name of an operation or a function; got ${show(api)}.`);
  }
  return {
    api: api === undefined ? operationOf(error) : apiNamed(api),
    posture: posture === undefined ? null : readPosture(posture),
  };
};
