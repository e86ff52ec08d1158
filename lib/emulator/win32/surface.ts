/**
 * The Win32 and NT calls an agent makes, in one process's name: its token, session and handle table.
 *
 * Signatures follow Win32 with bigint handles and addresses; BOOL is a boolean, out parameters are one-element arrays, and
 * `GetLastError()` says why a call failed. A JavaScript type that the call cannot take throws ERR_TRUSTLET_ARGUMENT; a value that
 * Windows would refuse is refused with Windows' error.
 */
import type { NtSystem, ProcessReference } from '../nt/system.js';
import { SurfaceContext } from './context.js';
import { type DebugFunctions, debugFunctions } from './debug-functions.js';
import { type HandleFunctions, handleFunctions } from './handle-functions.js';
import { type MemoryFunctions, memoryFunctions } from './memory-functions.js';
import { type ModuleFunctions, moduleFunctions } from './module-functions.js';
import { type ThreadFunctions, threadFunctions } from './thread-functions.js';

export interface Win32Surface
  extends HandleFunctions,
    MemoryFunctions,
    ThreadFunctions,
    DebugFunctions,
    ModuleFunctions {}

export const createWin32Surface = (system: NtSystem, reference: ProcessReference): Win32Surface => {
  const context = new SurfaceContext(system, reference);
  return {
    ...handleFunctions(context),
    ...memoryFunctions(context),
    ...threadFunctions(context),
    ...debugFunctions(context),
    ...moduleFunctions(context),
  };
};
