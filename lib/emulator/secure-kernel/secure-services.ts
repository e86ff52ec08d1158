/** The services that VTL0 may ask of the secure kernel, by name, as far as something of the emulator uses them. */
import { Status } from '../../ntstatus.js';
import type { NtSystem } from '../nt/system.js';
import {
  answer,
  createSecureImage,
  createSecureProcess,
  createSecureThread,
  initialiseProcess,
  isTrustletRunning,
  rundownProcess,
  type ServiceAnswer,
} from './creation.js';
import { retrieveMailbox } from './mailbox.js';
import { type SecureCallBlock, SecureOperation } from './secure-call-block.js';
import { type SecureServiceName, serviceNamed } from './service-codes.js';
import { debugChallenge, debugMemory, debugProcess, enableDebugging, setSecureContext } from './trustlet-debugging.js';
import { captureForDump } from './trustlet-dump.js';

type Service = (system: NtSystem, args: readonly bigint[]) => ServiceAnswer;

/** NT reports that the system stops: so it does. */
const bugcheck: Service = (system, [code = 0n]) => {
  system.secureKernel.stop(Number(BigInt.asUintN(32, code)), 'VTL0 asked for it');
  return answer(Status.SUCCESS);
};

const services: Readonly<Partial<Record<SecureServiceName, Service>>> = {
  CREATE_SECURE_IMAGE: (system, args) => createSecureImage(system, system.secureKernel.readImage, args),
  CREATE_PROCESS: createSecureProcess,
  INITIALIZE_PROCESS: initialiseProcess,
  CREATE_THREAD: createSecureThread,
  RUNDOWN_PROCESS: rundownProcess,
  DEBUG_PROCESS: debugProcess,
  SET_CONTEXT: setSecureContext,
  GET_ON_DEMAND_DEBUG_CHALLENGE: debugChallenge,
  ENABLE_ON_DEMAND_DEBUG_WITH_RESPONSE: enableDebugging,
  RETRIEVE_MAILBOX: retrieveMailbox,
  IS_TRUSTLET_RUNNING: isTrustletRunning,
  DEBUG_READ_WRITE_MEMORY: debugMemory,
  LIVEDUMP_CAPTURE_PROCESS: captureForDump,
  BUGCHECK: bugcheck,
};

/** What the block asks for, in VTL1. */
export const answerSecureCall = (system: NtSystem, block: SecureCallBlock): ServiceAnswer => {
  const { operation, serviceCode, threadCookie, args } = block;
  const { secureKernel } = system;
  const name = serviceNamed(serviceCode, system.parameters.build);
  if (operation === SecureOperation.RESUME_THREAD) return answer(secureKernel.resume(threadCookie));
  if (operation !== SecureOperation.INVOKE_SERVICE) return answer(Status.INVALID_PARAMETER);
  // 0 stands for a thread of the pool; any other is one that the secure kernel has given.
  if (threadCookie !== 0 && secureKernel.threadWith(threadCookie) === null) return answer(Status.INVALID_PARAMETER);
  const service = name === null ? undefined : services[name];
  return service === undefined ? answer(Status.INVALID_SYSTEM_SERVICE) : service(system, args);
};
