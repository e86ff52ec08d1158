/*
 * The NT structures, constants and statuses that the simulated kernel answers with: 64-bit forms, fixed-width types, no
 * system header. Layouts and values: facts/nt.md 1-4, 6.1 and 9, cited where they are used.
 */
#ifndef TRUSTLET_NTSIM_NT_TYPES_H
#define TRUSTLET_NTSIM_NT_TYPES_H

#include <stddef.h>
#include <stdint.h>

_Static_assert(sizeof(void *) == 8, "the 64-bit forms only");

typedef int32_t nt_status;
typedef uint32_t nt_access;
typedef intptr_t nt_handle;

/* Statuses (facts/nt.md 9; those it does not list are marked [known]). */
#define NT_STATUS(value) ((nt_status)(value))
#define STATUS_SUCCESS NT_STATUS(0x00000000)
#define STATUS_PENDING NT_STATUS(0x00000103) /* [known] exit status of what still runs */
#define STATUS_DATATYPE_MISALIGNMENT NT_STATUS(0x80000002u)
#define STATUS_BUFFER_OVERFLOW NT_STATUS(0x80000005u)
#define STATUS_UNSUCCESSFUL NT_STATUS(0xC0000001u)
#define STATUS_INVALID_INFO_CLASS NT_STATUS(0xC0000003u)
#define STATUS_INFO_LENGTH_MISMATCH NT_STATUS(0xC0000004u)
#define STATUS_ACCESS_VIOLATION NT_STATUS(0xC0000005u)
#define STATUS_INVALID_HANDLE NT_STATUS(0xC0000008u)
#define STATUS_INVALID_CID NT_STATUS(0xC000000Bu)
#define STATUS_INVALID_PARAMETER NT_STATUS(0xC000000Du)
#define STATUS_ACCESS_DENIED NT_STATUS(0xC0000022u)
#define STATUS_BUFFER_TOO_SMALL NT_STATUS(0xC0000023u)
#define STATUS_OBJECT_TYPE_MISMATCH NT_STATUS(0xC0000024u)
#define STATUS_INVALID_PARAMETER_MIX NT_STATUS(0xC0000030u)  /* [known] neither or both of name and client id */
#define STATUS_INSUFFICIENT_RESOURCES NT_STATUS(0xC000009Au) /* [known] */
#define STATUS_DEVICE_NOT_CONNECTED NT_STATUS(0xC000009Du)
#define STATUS_NOT_SUPPORTED NT_STATUS(0xC00000BBu)
#define STATUS_PROCESS_IS_TERMINATING NT_STATUS(0xC000010Au)

#define NT_SUCCESS(status) ((status) >= 0)

/* Access bits (facts/nt.md 6.1). */
#define PROCESS_VM_OPERATION 0x8u
#define PROCESS_VM_WRITE 0x20u
#define PROCESS_DUP_HANDLE 0x40u
#define PROCESS_SET_INFORMATION 0x200u
#define PROCESS_QUERY_INFORMATION 0x400u
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000u
#define PROCESS_SET_LIMITED_INFORMATION 0x2000u
#define PROCESS_ALL_ACCESS 0x1FFFFFu
#define THREAD_SUSPEND_RESUME 0x2u
#define THREAD_SET_INFORMATION 0x20u
#define THREAD_QUERY_INFORMATION 0x40u
#define THREAD_SET_LIMITED_INFORMATION 0x400u
#define THREAD_QUERY_LIMITED_INFORMATION 0x800u
#define THREAD_RESUME 0x1000u
#define THREAD_ALL_ACCESS 0x1FFFFFu

/* Pseudo-handles (facts/nt.md 1.4; the thread's is [known]). */
#define NT_CURRENT_PROCESS ((nt_handle)-1)
#define NT_CURRENT_THREAD ((nt_handle)-2)

#define OBJ_INHERIT 0x2u            /* [known] */
#define DUPLICATE_CLOSE_SOURCE 0x1u /* [known] */
#define DUPLICATE_SAME_ACCESS 0x2u  /* [known] */

/* Information classes (facts/nt.md 1, 2, 3 and 4.3; the thread classes are [known]). */
enum
{
    ProcessBasicInformation = 0,
    ProcessTimes = 4,
    ProcessProtectionInformation = 61,
    ProcessTelemetryIdInformation = 64,
    ProcessSequenceNumber = 92,
    ThreadBasicInformation = 0,
    ThreadIsTerminated = 20,
    SystemProcessInformation = 5,
    SystemKernelDebuggerInformation = 35,
    SystemHypervisorInformation = 91,
    SystemCodeIntegrityInformation = 103,
    SystemSecureBootInformation = 145,
    SystemKernelDebuggerInformationEx = 149,
    SystemHypervisorDetailInformation = 159,
    SystemCodeIntegrityPolicyInformation = 164,
    SystemIsolatedUserModeInformation = 165,
    SystemVsmProtectionInformation = 169,
    SystemSecureCoreInformation = 242
};

/* Flags word of the extended basic information (facts/nt.md 1.2). */
#define PEBI_PROCESS_DELETING 0x4u
#define PEBI_SECURE_PROCESS 0x80u

typedef struct nt_client_id
{
    uint64_t UniqueProcess;
    uint64_t UniqueThread;
} nt_client_id;

typedef struct nt_unicode_string
{
    uint16_t Length;
    uint16_t MaximumLength;
    uint32_t Padding;
    uint64_t Buffer;
} nt_unicode_string;

typedef struct nt_object_attributes
{
    uint32_t Length;
    uint32_t Padding;
    nt_handle RootDirectory;
    nt_unicode_string *ObjectName;
    uint32_t Attributes;
    uint32_t Padding2;
    void *SecurityDescriptor;
    void *SecurityQualityOfService;
} nt_object_attributes;
_Static_assert(sizeof(nt_object_attributes) == 48, "OBJECT_ATTRIBUTES");

/* facts/nt.md 1.1, BasicInfo */
typedef struct nt_process_basic_information
{
    int32_t ExitStatus;
    uint32_t Padding;
    uint64_t PebBaseAddress;
    uint64_t AffinityMask;
    int32_t BasePriority;
    uint32_t Padding2;
    uint64_t UniqueProcessId;
    uint64_t InheritedFromUniqueProcessId;
} nt_process_basic_information;
_Static_assert(sizeof(nt_process_basic_information) == 48, "PROCESS_BASIC_INFORMATION");

/* facts/nt.md 1.1 */
typedef struct nt_process_extended_basic_information
{
    uint64_t Size;
    nt_process_basic_information BasicInfo;
    uint32_t Flags;
    uint32_t Padding;
} nt_process_extended_basic_information;
_Static_assert(sizeof(nt_process_extended_basic_information) == 64, "PROCESS_EXTENDED_BASIC_INFORMATION");
_Static_assert(offsetof(nt_process_extended_basic_information, BasicInfo.UniqueProcessId) == 40, "UniqueProcessId");
_Static_assert(offsetof(nt_process_extended_basic_information, Flags) == 56, "Flags");

/* facts/nt.md 4.3: KERNEL_USER_TIMES, 32 bytes with CreateTime first */
typedef struct nt_kernel_user_times
{
    int64_t CreateTime;
    int64_t ExitTime;
    int64_t KernelTime;
    int64_t UserTime;
} nt_kernel_user_times;
_Static_assert(sizeof(nt_kernel_user_times) == 32, "KERNEL_USER_TIMES");

/* facts/nt.md 4.3 */
typedef struct nt_process_telemetry_id
{
    uint32_t HeaderSize;
    uint32_t ProcessId;
    uint64_t ProcessStartKey;
    int64_t CreateTime;
    int64_t CreateInterruptTime;
    int64_t CreateUnbiasedInterruptTime;
    uint64_t ProcessSequenceNumber;
    int64_t SessionCreateTime;
    uint32_t SessionId;
    uint32_t BootId;
    uint32_t ImageChecksum;
    uint32_t ImageTimeDateStamp;
    uint32_t UserSidOffset;
    uint32_t ImagePathOffset;
    uint32_t PackageNameOffset;
    uint32_t RelativeAppNameOffset;
    uint32_t CommandLineOffset;
    uint32_t Padding;
} nt_process_telemetry_id;
_Static_assert(sizeof(nt_process_telemetry_id) == 96, "PROCESS_TELEMETRY_ID_INFORMATION");
_Static_assert(offsetof(nt_process_telemetry_id, BootId) == 60, "BootId");

/* [known] THREAD_BASIC_INFORMATION */
typedef struct nt_thread_basic_information
{
    int32_t ExitStatus;
    uint32_t Padding;
    uint64_t TebBaseAddress;
    nt_client_id ClientId;
    uint64_t AffinityMask;
    int32_t Priority;
    int32_t BasePriority;
} nt_thread_basic_information;
_Static_assert(sizeof(nt_thread_basic_information) == 48, "THREAD_BASIC_INFORMATION");

/* facts/nt.md 4.1, entry of class 5 */
typedef struct nt_system_process_information
{
    uint32_t NextEntryOffset;
    uint32_t NumberOfThreads;
    uint64_t WorkingSetPrivateSize;
    uint32_t HardFaultCount;
    uint32_t NumberOfThreadsHighWatermark;
    uint64_t CycleTime;
    int64_t CreateTime;
    int64_t UserTime;
    int64_t KernelTime;
    nt_unicode_string ImageName;
    int32_t BasePriority;
    uint32_t Padding;
    uint64_t UniqueProcessId;
    uint64_t InheritedFromUniqueProcessId;
    uint32_t HandleCount;
    uint32_t SessionId;
    uint64_t UniqueProcessKey;
    uint64_t Memory[12]; /* sizes and counts that nobody here reads, 112-207 */
    uint64_t Io[6];      /* I/O counters, 208-255 */
} nt_system_process_information;
_Static_assert(sizeof(nt_system_process_information) == 256, "SYSTEM_PROCESS_INFORMATION");
_Static_assert(offsetof(nt_system_process_information, CreateTime) == 32, "CreateTime");
_Static_assert(offsetof(nt_system_process_information, UniqueProcessId) == 80, "UniqueProcessId");
_Static_assert(offsetof(nt_system_process_information, SessionId) == 100, "SessionId");

/* facts/nt.md 4.1: 80 bytes; members [known] */
typedef struct nt_system_thread_information
{
    int64_t KernelTime;
    int64_t UserTime;
    int64_t CreateTime;
    uint32_t WaitTime;
    uint32_t Padding;
    uint64_t StartAddress;
    nt_client_id ClientId;
    int32_t Priority;
    int32_t BasePriority;
    uint32_t ContextSwitches;
    uint32_t ThreadState;
    uint32_t WaitReason;
    uint32_t Padding2;
} nt_system_thread_information;
_Static_assert(sizeof(nt_system_thread_information) == 80, "SYSTEM_THREAD_INFORMATION");
_Static_assert(offsetof(nt_system_thread_information, ClientId) == 40, "ClientId");

/* facts/nt.md 4.1: extension after the threads, 368 bytes */
typedef struct nt_system_process_information_extension
{
    uint64_t DiskCounters[5];
    uint64_t ContextSwitches;
    uint32_t Flags; /* bits 1-4: classification */
    uint32_t UserSidOffset;
    uint32_t PackageFullNameOffset;
    uint32_t Padding;
    uint8_t EnergyValues[272];
    uint32_t AppIdOffset;
    uint32_t Padding2;
    uint64_t SharedCommitCharge;
    uint32_t JobObjectId;
    uint32_t Padding3;
    uint64_t ProcessSequenceNumber;
} nt_system_process_information_extension;
_Static_assert(sizeof(nt_system_process_information_extension) == 368, "SYSTEM_PROCESS_INFORMATION_EXTENSION");
_Static_assert(offsetof(nt_system_process_information_extension, Flags) == 48, "Flags");
_Static_assert(offsetof(nt_system_process_information_extension, AppIdOffset) == 336, "AppIdOffset");
_Static_assert(offsetof(nt_system_process_information_extension, ProcessSequenceNumber) == 360, "sequence number");

/* [known] RTL_OSVERSIONINFOW; the Ex form adds 8 bytes */
typedef struct nt_os_version_info
{
    uint32_t OSVersionInfoSize;
    uint32_t MajorVersion;
    uint32_t MinorVersion;
    uint32_t BuildNumber;
    uint32_t PlatformId;
    uint16_t CSDVersion[128];
} nt_os_version_info;
_Static_assert(sizeof(nt_os_version_info) == 276, "RTL_OSVERSIONINFOW");

#endif
