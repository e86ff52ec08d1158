/*
 * Every kernel service the simulation has: its highest IRQL, and the status with which a sweep over fault sites lets it
 * fail. IRQLs: facts/nt.md 7 and the WDK's pages.
 *
 * SERVICE(name, highest IRQL, answer of a sweep): NTSIM_NEVER marks a service that cannot fail, or whose caller could
 * do nothing about it; a test can still count it, hook it, and let it fail by name where it returns a status.
 */
#ifndef TRUSTLET_NTSIM_KERNEL_SERVICES_H
#define TRUSTLET_NTSIM_KERNEL_SERVICES_H

#define NTSIM_NEVER 0
/* Fails by returning NULL or 0. */
#define NTSIM_NOTHING STATUS_INSUFFICIENT_RESOURCES

#define NTSIM_SERVICES(SERVICE)                                                                                        \
    SERVICE(ExAllocatePoolWithTag, DISPATCH_LEVEL, NTSIM_NOTHING)                                                      \
    SERVICE(ExAllocatePool2, DISPATCH_LEVEL, NTSIM_NOTHING)                                                            \
    SERVICE(ExFreePoolWithTag, DISPATCH_LEVEL, NTSIM_NEVER)                                                            \
    SERVICE(IoCreateDevice, APC_LEVEL, STATUS_INSUFFICIENT_RESOURCES)                                                  \
    SERVICE(IoDeleteDevice, APC_LEVEL, NTSIM_NEVER)                                                                    \
    SERVICE(IoCreateSymbolicLink, PASSIVE_LEVEL, STATUS_OBJECT_NAME_COLLISION)                                         \
    SERVICE(IoDeleteSymbolicLink, PASSIVE_LEVEL, NTSIM_NEVER)                                                          \
    SERVICE(IofCompleteRequest, DISPATCH_LEVEL, NTSIM_NEVER)                                                           \
    SERVICE(IoGetRequestorProcess, DISPATCH_LEVEL, NTSIM_NEVER)                                                        \
    SERVICE(IoGetCurrentProcess, HIGH_LEVEL, NTSIM_NEVER)                                                              \
    SERVICE(IoInitializeRemoveLockEx, PASSIVE_LEVEL, NTSIM_NEVER)                                                      \
    SERVICE(IoAcquireRemoveLockEx, DISPATCH_LEVEL, STATUS_DELETE_PENDING)                                              \
    SERVICE(IoReleaseRemoveLockEx, DISPATCH_LEVEL, NTSIM_NEVER)                                                        \
    SERVICE(IoReleaseRemoveLockAndWaitEx, PASSIVE_LEVEL, NTSIM_NEVER)                                                  \
    SERVICE(KeAcquireSpinLockRaiseToDpc, DISPATCH_LEVEL, NTSIM_NEVER)                                                  \
    SERVICE(KeAreAllApcsDisabled, DISPATCH_LEVEL, NTSIM_NEVER)                                                         \
    SERVICE(KeEnterCriticalRegion, APC_LEVEL, NTSIM_NEVER)                                                             \
    SERVICE(KeLeaveCriticalRegion, APC_LEVEL, NTSIM_NEVER)                                                             \
    SERVICE(KeReleaseSpinLock, DISPATCH_LEVEL, NTSIM_NEVER)                                                            \
    SERVICE(MmGetSystemRoutineAddress, PASSIVE_LEVEL, NTSIM_NOTHING)                                                   \
    SERVICE(ObOpenObjectByPointer, APC_LEVEL, STATUS_INSUFFICIENT_RESOURCES)                                           \
    SERVICE(ObReferenceObjectByHandle, PASSIVE_LEVEL, STATUS_INVALID_HANDLE)                                           \
    SERVICE(ObfReferenceObject, DISPATCH_LEVEL, NTSIM_NEVER)                                                           \
    SERVICE(ObfDereferenceObject, DISPATCH_LEVEL, NTSIM_NEVER)                                                         \
    SERVICE(PsGetCurrentProcessId, HIGH_LEVEL, NTSIM_NEVER)                                                            \
    SERVICE(PsGetCurrentThreadId, HIGH_LEVEL, NTSIM_NEVER)                                                             \
    SERVICE(PsGetProcessId, HIGH_LEVEL, NTSIM_NEVER)                                                                   \
    SERVICE(PsGetThreadId, HIGH_LEVEL, NTSIM_NEVER)                                                                    \
    SERVICE(PsGetThreadProcessId, HIGH_LEVEL, NTSIM_NEVER)                                                             \
    SERVICE(PsGetProcessStartKey, DISPATCH_LEVEL, NTSIM_NOTHING)                                                       \
    SERVICE(PsLookupProcessByProcessId, APC_LEVEL, STATUS_INVALID_CID)                                                 \
    SERVICE(PsLookupThreadByThreadId, APC_LEVEL, STATUS_INVALID_CID)                                                   \
    SERVICE(RtlAddAccessAllowedAce, APC_LEVEL, STATUS_ALLOTTED_SPACE_EXCEEDED)                                         \
    SERVICE(RtlCreateAcl, APC_LEVEL, STATUS_BUFFER_TOO_SMALL)                                                          \
    SERVICE(RtlCreateSecurityDescriptor, APC_LEVEL, STATUS_UNKNOWN_REVISION)                                           \
    SERVICE(RtlGetVersion, PASSIVE_LEVEL, STATUS_UNSUCCESSFUL)                                                         \
    SERVICE(RtlInitializeSid, DISPATCH_LEVEL, STATUS_INVALID_PARAMETER)                                                \
    SERVICE(RtlInitUnicodeString, DISPATCH_LEVEL, NTSIM_NEVER)                                                         \
    SERVICE(RtlLengthSid, DISPATCH_LEVEL, NTSIM_NEVER)                                                                 \
    SERVICE(RtlSetDaclSecurityDescriptor, APC_LEVEL, STATUS_UNKNOWN_REVISION)                                          \
    SERVICE(RtlSubAuthoritySid, DISPATCH_LEVEL, NTSIM_NEVER)                                                           \
    SERVICE(ZwClose, PASSIVE_LEVEL, NTSIM_NEVER)                                                                       \
    SERVICE(ZwOpenKey, PASSIVE_LEVEL, STATUS_OBJECT_NAME_NOT_FOUND)                                                    \
    SERVICE(ZwQueryInformationProcess, PASSIVE_LEVEL, STATUS_INSUFFICIENT_RESOURCES)                                   \
    SERVICE(ZwQueryInformationThread, PASSIVE_LEVEL, STATUS_INSUFFICIENT_RESOURCES)                                    \
    SERVICE(ZwQuerySystemInformation, PASSIVE_LEVEL, STATUS_INSUFFICIENT_RESOURCES)                                    \
    SERVICE(ZwQueryValueKey, PASSIVE_LEVEL, STATUS_OBJECT_NAME_NOT_FOUND)                                              \
    SERVICE(ZwSetSecurityObject, PASSIVE_LEVEL, STATUS_ACCESS_DENIED)

#define NTSIM_SERVICE_ENUMERATOR(name, irql, failure) NTSIM_##name,
typedef enum ntsim_service
{
    NTSIM_SERVICES(NTSIM_SERVICE_ENUMERATOR) NTSIM_SERVICE_COUNT
} ntsim_service;
#undef NTSIM_SERVICE_ENUMERATOR

#endif
