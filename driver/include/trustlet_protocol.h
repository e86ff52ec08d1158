/*
 * The wire protocol of the trustlet driver. Written by `npm run protocol` from protocol/schema.ts; do not edit.
 * docs/protocol.md says what each request does, how it is validated, and how the protocol grows.
 *
 * All numbers are little-endian. Handles are sign-extended to 64 bits, so that 32-bit clients use the same layout.
 */
#ifndef TRUSTLET_PROTOCOL_H
#define TRUSTLET_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
#define TL_STATIC_ASSERT(condition, text) static_assert(condition, text)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define TL_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#else
/* C before C11, which is what the Windows compiler speaks unless it is told otherwise. */
#define TL_STATIC_ASSERT(condition, text) typedef char TL_STATIC_ASSERTION[(condition) ? 1 : -1]
#endif

/* Versions this header describes. */
#define TL_PROTOCOL_VERSION_MIN 1u
#define TL_PROTOCOL_VERSION_MAX 1u

/* What a user-mode client opens with CreateFileW, for GENERIC_READ. */
#define TL_DEVICE_PATH L"\\\\.\\Trustlet"

/* IOCTL codes: METHOD_BUFFERED, FILE_READ_ACCESS. */
#define TL_DEVICE_TYPE 0x8E54u
#define TL_IOCTL_HELLO 0x8E546404u
#define TL_IOCTL_QUERY 0x8E546408u
#define TL_IOCTL_CENSUS 0x8E54640Cu
#define TL_IOCTL_EXAMINE 0x8E546410u
#define TL_IOCTL_GUARD 0x8E546414u
#define TL_IOCTL_STATS 0x8E546418u

/* Messages. */
#define TL_MESSAGE_HELLO 1u
#define TL_MESSAGE_QUERY 2u
#define TL_MESSAGE_CENSUS 3u
#define TL_MESSAGE_EXAMINE 4u
#define TL_MESSAGE_GUARD 5u
#define TL_MESSAGE_STATS 6u
/* 7 is reserved for WATCH. */
/* 8 is reserved for ENFORCE. */

/* major << 16 | minor << 8 | patch, of package.json. */
#define TL_DRIVER_VERSION 0x100u

/* Pids in one QUERY. */
#define TL_MAX_PIDS 4096u

/* Largest ReplySize, RecordSize or size of a request that is understood. */
#define TL_MAX_FIXED_SIZE 1024u

/* Always refused on a trustlet. */
#define TL_ISOLATION_OPERATIONS 0xFFFu

/* Refused on a trustlet unless accepted by name. */
#define TL_AVAILABILITY_OPERATIONS 0x7000u

/* Act on a process handle. */
#define TL_PROCESS_OPERATIONS 0x6B7Eu

/* Act on a thread handle. */
#define TL_THREAD_OPERATIONS 0x1481u

/* What a process is. */
#define TL_VERDICT_UNKNOWN 0u
#define TL_VERDICT_ORDINARY 1u
#define TL_VERDICT_SECURE 2u

/* How it is known. */
#define TL_EVIDENCE_ASSUMED 0u
#define TL_EVIDENCE_DERIVED 1u
#define TL_EVIDENCE_OBSERVED 2u
#define TL_EVIDENCE_DOCUMENTED 3u

/* Why a verdict or a decision is what it is. */
#define TL_REASON_QUERY_FAILED 0u
#define TL_REASON_EXITING 1u
#define TL_REASON_GONE 2u
#define TL_REASON_IDENTITY_MISMATCH 3u
#define TL_REASON_ACCESS_DENIED 4u
#define TL_REASON_IDLE_PROCESS 5u
#define TL_REASON_DOWNLEVEL_BIT 6u
#define TL_REASON_SECURE_BIT_SET 7u
#define TL_REASON_SECURE_BIT_CLEAR 8u
#define TL_REASON_ORDINARY 9u
#define TL_REASON_SECURE 10u
#define TL_REASON_AVAILABILITY 11u
#define TL_REASON_AVAILABILITY_ACCEPTED 12u
#define TL_REASON_INVALID_HANDLE 13u
#define TL_REASON_RIGHTS_DENIED 14u
#define TL_REASON_QUERY_RIGHT_DENIED 15u
#define TL_REASON_THREAD_MISMATCH 16u
#define TL_REASON_THREAD_EXITED 17u
#define TL_REASON_DECIDERS_DISAGREE 18u
#define TL_REASON_COUNT 19u

/* May the caller act. */
#define TL_DECISION_REFUSE 0u
#define TL_DECISION_ALLOW 1u

/* Is it who was expected; unchecked: nobody was, or nothing is known of the object. */
#define TL_IDENTITY_UNCHECKED 0u
#define TL_IDENTITY_SAME 1u
#define TL_IDENTITY_OTHER 2u

/* State of an examined thread; unpaired: it would not say. */
#define TL_THREAD_NONE 0u
#define TL_THREAD_PAIRED 1u
#define TL_THREAD_UNPAIRED 2u
#define TL_THREAD_EXITED 3u

/* Kind of a handle's object. */
#define TL_KIND_PROCESS 1u
#define TL_KIND_THREAD 2u

/* Members of an identity that are expected. */
#define TL_EXPECT_PID 0x1u
#define TL_EXPECT_CREATE_TIME 0x2u
#define TL_EXPECT_START_KEY 0x4u

/* RESUME: only what comes after the cursor. */
#define TL_CENSUS_RESUME 0x1u

/* MORE: processes are left; ask again with RESUME and this reply's cursor. */
#define TL_CENSUS_MORE 0x1u

/* Members of a TL_PROCESS_RECORD that say something; REUSED: the pid was listed as one process and answered as another. */
#define TL_PRESENT_EXTENDED_STATUS 0x1u
#define TL_PRESENT_FLAGS 0x2u
#define TL_PRESENT_PROTECTION 0x4u
#define TL_PRESENT_CLASSIFICATION 0x8u
#define TL_PRESENT_PARENT 0x10u
#define TL_PRESENT_SESSION 0x20u
#define TL_PRESENT_CREATE_TIME 0x40u
#define TL_PRESENT_START_KEY 0x80u
#define TL_PRESENT_NAME 0x100u
#define TL_PRESENT_REUSED 0x200u

/* What the driver can do on this system. */
#define TL_CAPABILITY_QUERY 0x1u
#define TL_CAPABILITY_CENSUS 0x2u
#define TL_CAPABILITY_EXAMINE 0x4u
#define TL_CAPABILITY_GUARD 0x8u
#define TL_CAPABILITY_STATS 0x10u
#define TL_CAPABILITY_START_KEY 0x100u

/* The guarded operations, as bits of a mask. */
#define TL_OPERATION_QUEUE_APC 0x1u
#define TL_OPERATION_CREATE_THREAD 0x2u
#define TL_OPERATION_ALLOCATE 0x4u
#define TL_OPERATION_READ 0x8u
#define TL_OPERATION_WRITE 0x10u
#define TL_OPERATION_MAP_SECTION 0x20u
#define TL_OPERATION_LOAD_LIBRARY 0x40u
#define TL_OPERATION_SET_CONTEXT 0x80u
#define TL_OPERATION_DEBUG 0x100u
#define TL_OPERATION_DUMP 0x200u
#define TL_OPERATION_SET_WINDOWS_HOOK 0x400u
#define TL_OPERATION_SET_INFORMATION 0x800u
#define TL_OPERATION_SUSPEND 0x1000u
#define TL_OPERATION_TERMINATE 0x2000u
#define TL_OPERATION_DUPLICATE_HANDLE 0x4000u
#define TL_OPERATION_COUNT 15u

/* Begins every request. */
typedef struct _TL_REQUEST_HEADER
{
    uint32_t Size; /* 0: Bytes of the request's fixed part as the client knows it. */
    uint16_t Version; /* 4: Version the client speaks; HELLO: any. */
    uint16_t Message; /* 6: Number of the message; it must agree with the IOCTL code. */
    uint32_t ReplySize; /* 8: Bytes of the reply's fixed part as the client knows it. */
    uint32_t RecordSize; /* 12: Bytes of a record as the client knows it; 0 where the message has none. */
} TL_REQUEST_HEADER;

#define TL_REQUEST_HEADER_V1_SIZE 16u
TL_STATIC_ASSERT(sizeof(TL_REQUEST_HEADER) == 16, "TL_REQUEST_HEADER");
TL_STATIC_ASSERT(offsetof(TL_REQUEST_HEADER, Size) == 0, "TL_REQUEST_HEADER.Size");
TL_STATIC_ASSERT(offsetof(TL_REQUEST_HEADER, Version) == 4, "TL_REQUEST_HEADER.Version");
TL_STATIC_ASSERT(offsetof(TL_REQUEST_HEADER, Message) == 6, "TL_REQUEST_HEADER.Message");
TL_STATIC_ASSERT(offsetof(TL_REQUEST_HEADER, ReplySize) == 8, "TL_REQUEST_HEADER.ReplySize");
TL_STATIC_ASSERT(offsetof(TL_REQUEST_HEADER, RecordSize) == 12, "TL_REQUEST_HEADER.RecordSize");

/* Begins every reply. */
typedef struct _TL_REPLY_HEADER
{
    uint32_t Size; /* 0: Bytes of the fixed part that was written: what both sides know. Records begin here. */
    uint16_t Version; /* 4: Version of the reply. */
    uint16_t Message; /* 6: Number of the message. */
    uint32_t RecordSize; /* 8: Bytes from one record to the next: what both sides know. */
    uint32_t RecordCount; /* 12: Records that follow. */
} TL_REPLY_HEADER;

#define TL_REPLY_HEADER_V1_SIZE 16u
TL_STATIC_ASSERT(sizeof(TL_REPLY_HEADER) == 16, "TL_REPLY_HEADER");
TL_STATIC_ASSERT(offsetof(TL_REPLY_HEADER, Size) == 0, "TL_REPLY_HEADER.Size");
TL_STATIC_ASSERT(offsetof(TL_REPLY_HEADER, Version) == 4, "TL_REPLY_HEADER.Version");
TL_STATIC_ASSERT(offsetof(TL_REPLY_HEADER, Message) == 6, "TL_REPLY_HEADER.Message");
TL_STATIC_ASSERT(offsetof(TL_REPLY_HEADER, RecordSize) == 8, "TL_REPLY_HEADER.RecordSize");
TL_STATIC_ASSERT(offsetof(TL_REPLY_HEADER, RecordCount) == 12, "TL_REPLY_HEADER.RecordCount");

/* What was found out about one process, and its judgement. */
typedef struct _TL_PROCESS_RECORD
{
    uint32_t Pid; /* 0: The pid that was asked for or listed; of an examined object its own, 0 if the handle named nothing. */
    uint32_t ParentPid; /* 4: Pid of the creator, which may have ended long ago. */
    uint32_t OpenStatus; /* 8: NTSTATUS of getting hold of the process. */
    uint32_t ExtendedStatus; /* 12: NTSTATUS of class 0 with 64 bytes; UNSUCCESSFUL for a success that was none. */
    uint32_t Flags; /* 16: The Flags word of that query; mask bits, never compare it. */
    uint32_t Present; /* 20: Which members say something. */
    uint64_t CreateTime; /* 24: FILETIME, 100 ns units. */
    uint64_t StartKey; /* 32: Start key; 0 is absent. */
    uint32_t SessionId; /* 40: Terminal Services session; CENSUS only. */
    uint32_t Status; /* 44: NTSTATUS that decided the verdict; 0 where nothing failed. */
    uint8_t Verdict; /* 48: Whether the process is a trustlet. */
    uint8_t Reason; /* 49: Why. */
    uint8_t Evidence; /* 50: How far the verdict may be relied on. */
    uint8_t Protection; /* 51: PS_PROTECTION byte (class 61). */
    uint8_t Classification; /* 52: SYSTEM_PROCESS_CLASSIFICATION; CENSUS only. */
    uint8_t Reserved; /* 53: 0. */
    uint16_t NameLength; /* 54: Bytes of the image name, UTF-16; CENSUS only. */
    uint32_t NameOffset; /* 56: Of the image name, from the reply's start. */
    uint32_t Reserved2; /* 60: 0. */
} TL_PROCESS_RECORD;

#define TL_PROCESS_RECORD_V1_SIZE 64u
TL_STATIC_ASSERT(sizeof(TL_PROCESS_RECORD) == 64, "TL_PROCESS_RECORD");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Pid) == 0, "TL_PROCESS_RECORD.Pid");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, ParentPid) == 4, "TL_PROCESS_RECORD.ParentPid");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, OpenStatus) == 8, "TL_PROCESS_RECORD.OpenStatus");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, ExtendedStatus) == 12, "TL_PROCESS_RECORD.ExtendedStatus");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Flags) == 16, "TL_PROCESS_RECORD.Flags");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Present) == 20, "TL_PROCESS_RECORD.Present");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, CreateTime) == 24, "TL_PROCESS_RECORD.CreateTime");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, StartKey) == 32, "TL_PROCESS_RECORD.StartKey");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, SessionId) == 40, "TL_PROCESS_RECORD.SessionId");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Status) == 44, "TL_PROCESS_RECORD.Status");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Verdict) == 48, "TL_PROCESS_RECORD.Verdict");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Reason) == 49, "TL_PROCESS_RECORD.Reason");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Evidence) == 50, "TL_PROCESS_RECORD.Evidence");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Protection) == 51, "TL_PROCESS_RECORD.Protection");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Classification) == 52, "TL_PROCESS_RECORD.Classification");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Reserved) == 53, "TL_PROCESS_RECORD.Reserved");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, NameLength) == 54, "TL_PROCESS_RECORD.NameLength");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, NameOffset) == 56, "TL_PROCESS_RECORD.NameOffset");
TL_STATIC_ASSERT(offsetof(TL_PROCESS_RECORD, Reserved2) == 60, "TL_PROCESS_RECORD.Reserved2");

/* How often the guard refused an operation for a reason. */
typedef struct _TL_REFUSAL_RECORD
{
    uint32_t Operation; /* 0: Index of the operation: the number of its bit. */
    uint32_t Reason; /* 4: Why it was refused. */
    uint64_t Count; /* 8: How often, never 0. */
} TL_REFUSAL_RECORD;

#define TL_REFUSAL_RECORD_V1_SIZE 16u
TL_STATIC_ASSERT(sizeof(TL_REFUSAL_RECORD) == 16, "TL_REFUSAL_RECORD");
TL_STATIC_ASSERT(offsetof(TL_REFUSAL_RECORD, Operation) == 0, "TL_REFUSAL_RECORD.Operation");
TL_STATIC_ASSERT(offsetof(TL_REFUSAL_RECORD, Reason) == 4, "TL_REFUSAL_RECORD.Reason");
TL_STATIC_ASSERT(offsetof(TL_REFUSAL_RECORD, Count) == 8, "TL_REFUSAL_RECORD.Count");

/* Opens a conversation. */
typedef struct _TL_HELLO_REQUEST
{
    TL_REQUEST_HEADER Header; /* 0: What the client knows of this message. */
    uint16_t MinVersion; /* 16: Oldest version the client speaks, at least 1. */
    uint16_t MaxVersion; /* 18: Newest version the client speaks. */
    uint32_t Reserved; /* 20: 0. */
} TL_HELLO_REQUEST;

#define TL_HELLO_REQUEST_V1_SIZE 24u
TL_STATIC_ASSERT(sizeof(TL_HELLO_REQUEST) == 24, "TL_HELLO_REQUEST");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REQUEST, Header) == 0, "TL_HELLO_REQUEST.Header");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REQUEST, MinVersion) == 16, "TL_HELLO_REQUEST.MinVersion");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REQUEST, MaxVersion) == 18, "TL_HELLO_REQUEST.MaxVersion");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REQUEST, Reserved) == 20, "TL_HELLO_REQUEST.Reserved");

/* Who is there. Its first 72 bytes are the same in every version. */
typedef struct _TL_HELLO_REPLY
{
    TL_REPLY_HEADER Header; /* 0: What the driver wrote. */
    uint16_t Version; /* 16: Newest version both speak; 0: none. */
    uint16_t MinVersion; /* 18: Oldest version the driver speaks. */
    uint16_t MaxVersion; /* 20: Newest version the driver speaks. */
    uint16_t Reserved; /* 22: 0. */
    uint32_t DriverVersion; /* 24: major << 16 | minor << 8 | patch. */
    uint32_t Capabilities; /* 28: What the driver can do on this system. */
    uint32_t OsMajor; /* 32: RtlGetVersion. */
    uint32_t OsMinor; /* 36: RtlGetVersion. */
    uint32_t OsBuild; /* 40: RtlGetVersion. */
    uint32_t IsolatedUserModeStatus; /* 44: NTSTATUS of class 165. */
    uint32_t IsolatedUserModeFlags; /* 48: First word of class 165; 0 where it failed. */
    uint32_t MaxPids; /* 52: Pids in one QUERY. */
    uint32_t MaxFixedSize; /* 56: Largest ReplySize, RecordSize or size of a request that is understood. */
    uint32_t Operations; /* 60: Operations GUARD knows. */
    uint32_t ProcessRecordSize; /* 64: Bytes of a TL_PROCESS_RECORD as the driver knows it. */
    uint32_t Reserved2; /* 68: 0. */
} TL_HELLO_REPLY;

#define TL_HELLO_REPLY_V1_SIZE 72u
TL_STATIC_ASSERT(sizeof(TL_HELLO_REPLY) == 72, "TL_HELLO_REPLY");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, Header) == 0, "TL_HELLO_REPLY.Header");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, Version) == 16, "TL_HELLO_REPLY.Version");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, MinVersion) == 18, "TL_HELLO_REPLY.MinVersion");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, MaxVersion) == 20, "TL_HELLO_REPLY.MaxVersion");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, Reserved) == 22, "TL_HELLO_REPLY.Reserved");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, DriverVersion) == 24, "TL_HELLO_REPLY.DriverVersion");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, Capabilities) == 28, "TL_HELLO_REPLY.Capabilities");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, OsMajor) == 32, "TL_HELLO_REPLY.OsMajor");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, OsMinor) == 36, "TL_HELLO_REPLY.OsMinor");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, OsBuild) == 40, "TL_HELLO_REPLY.OsBuild");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, IsolatedUserModeStatus) == 44, "TL_HELLO_REPLY.IsolatedUserModeStatus");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, IsolatedUserModeFlags) == 48, "TL_HELLO_REPLY.IsolatedUserModeFlags");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, MaxPids) == 52, "TL_HELLO_REPLY.MaxPids");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, MaxFixedSize) == 56, "TL_HELLO_REPLY.MaxFixedSize");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, Operations) == 60, "TL_HELLO_REPLY.Operations");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, ProcessRecordSize) == 64, "TL_HELLO_REPLY.ProcessRecordSize");
TL_STATIC_ASSERT(offsetof(TL_HELLO_REPLY, Reserved2) == 68, "TL_HELLO_REPLY.Reserved2");

/* Asks about processes by pid. */
typedef struct _TL_QUERY_REQUEST
{
    TL_REQUEST_HEADER Header; /* 0: What the client knows of this message. */
    uint32_t PidCount; /* 16: Pids that follow, 1 to 4,096. */
    uint32_t Reserved; /* 20: 0. */
} TL_QUERY_REQUEST;

#define TL_QUERY_REQUEST_V1_SIZE 24u
TL_STATIC_ASSERT(sizeof(TL_QUERY_REQUEST) == 24, "TL_QUERY_REQUEST");
TL_STATIC_ASSERT(offsetof(TL_QUERY_REQUEST, Header) == 0, "TL_QUERY_REQUEST.Header");
TL_STATIC_ASSERT(offsetof(TL_QUERY_REQUEST, PidCount) == 16, "TL_QUERY_REQUEST.PidCount");
TL_STATIC_ASSERT(offsetof(TL_QUERY_REQUEST, Reserved) == 20, "TL_QUERY_REQUEST.Reserved");

/* One record for each pid, in the order asked. */
typedef struct _TL_QUERY_REPLY
{
    TL_REPLY_HEADER Header; /* 0: What the driver wrote. */
} TL_QUERY_REPLY;

#define TL_QUERY_REPLY_V1_SIZE 16u
TL_STATIC_ASSERT(sizeof(TL_QUERY_REPLY) == 16, "TL_QUERY_REPLY");
TL_STATIC_ASSERT(offsetof(TL_QUERY_REPLY, Header) == 0, "TL_QUERY_REPLY.Header");

/* Asks about every process, from the first on or after a cursor. */
typedef struct _TL_CENSUS_REQUEST
{
    TL_REQUEST_HEADER Header; /* 0: What the client knows of this message. */
    uint32_t Flags; /* 16: Whether the cursor counts. */
    uint32_t CursorPid; /* 20: NextPid of the reply before. */
    uint64_t CursorSequence; /* 24: NextSequence of the reply before. */
    uint64_t CursorCreateTime; /* 32: NextCreateTime of the reply before. */
} TL_CENSUS_REQUEST;

#define TL_CENSUS_REQUEST_V1_SIZE 40u
TL_STATIC_ASSERT(sizeof(TL_CENSUS_REQUEST) == 40, "TL_CENSUS_REQUEST");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REQUEST, Header) == 0, "TL_CENSUS_REQUEST.Header");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REQUEST, Flags) == 16, "TL_CENSUS_REQUEST.Flags");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REQUEST, CursorPid) == 20, "TL_CENSUS_REQUEST.CursorPid");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REQUEST, CursorSequence) == 24, "TL_CENSUS_REQUEST.CursorSequence");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REQUEST, CursorCreateTime) == 32, "TL_CENSUS_REQUEST.CursorCreateTime");

/* The processes that fit, in the order of (sequence, create time, pid). */
typedef struct _TL_CENSUS_REPLY
{
    TL_REPLY_HEADER Header; /* 0: What the driver wrote. */
    uint32_t Flags; /* 16: Whether processes are left. */
    uint32_t NextPid; /* 20: Cursor: the last record's pid, */
    uint64_t NextSequence; /* 24: its sequence number, 0 where Windows gives none, */
    uint64_t NextCreateTime; /* 32: and its create time. */
    uint32_t Total; /* 40: Processes there were when this part was taken. */
    uint32_t Remaining; /* 44: Of those, how many come after this part. */
} TL_CENSUS_REPLY;

#define TL_CENSUS_REPLY_V1_SIZE 48u
TL_STATIC_ASSERT(sizeof(TL_CENSUS_REPLY) == 48, "TL_CENSUS_REPLY");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REPLY, Header) == 0, "TL_CENSUS_REPLY.Header");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REPLY, Flags) == 16, "TL_CENSUS_REPLY.Flags");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REPLY, NextPid) == 20, "TL_CENSUS_REPLY.NextPid");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REPLY, NextSequence) == 24, "TL_CENSUS_REPLY.NextSequence");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REPLY, NextCreateTime) == 32, "TL_CENSUS_REPLY.NextCreateTime");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REPLY, Total) == 40, "TL_CENSUS_REPLY.Total");
TL_STATIC_ASSERT(offsetof(TL_CENSUS_REPLY, Remaining) == 44, "TL_CENSUS_REPLY.Remaining");

/* Asks about the very object behind a handle. */
typedef struct _TL_EXAMINE_REQUEST
{
    TL_REQUEST_HEADER Header; /* 0: What the client knows of this message. */
    uint64_t Handle; /* 16: A handle of the calling process, sign-extended; -1 and -2 are the caller's own process and thread. */
    uint32_t Kind; /* 24: Kind of the object; never guessed. */
    uint32_t ExpectedAccess; /* 28: Access mask the handle is expected to have; 0: none. */
    uint32_t Expect; /* 32: Which of the following members are expected; the others are 0. */
    uint32_t ExpectedPid; /* 36: Pid of the process. */
    uint64_t ExpectedCreateTime; /* 40: FILETIME, 100 ns units. */
    uint64_t ExpectedStartKey; /* 48: Start key. */
    uint64_t Reserved; /* 56: 0. */
} TL_EXAMINE_REQUEST;

#define TL_EXAMINE_REQUEST_V1_SIZE 64u
TL_STATIC_ASSERT(sizeof(TL_EXAMINE_REQUEST) == 64, "TL_EXAMINE_REQUEST");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REQUEST, Header) == 0, "TL_EXAMINE_REQUEST.Header");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REQUEST, Handle) == 16, "TL_EXAMINE_REQUEST.Handle");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REQUEST, Kind) == 24, "TL_EXAMINE_REQUEST.Kind");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REQUEST, ExpectedAccess) == 28, "TL_EXAMINE_REQUEST.ExpectedAccess");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REQUEST, Expect) == 32, "TL_EXAMINE_REQUEST.Expect");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REQUEST, ExpectedPid) == 36, "TL_EXAMINE_REQUEST.ExpectedPid");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REQUEST, ExpectedCreateTime) == 40, "TL_EXAMINE_REQUEST.ExpectedCreateTime");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REQUEST, ExpectedStartKey) == 48, "TL_EXAMINE_REQUEST.ExpectedStartKey");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REQUEST, Reserved) == 56, "TL_EXAMINE_REQUEST.Reserved");

/* What the handle names. */
typedef struct _TL_EXAMINE_REPLY
{
    TL_REPLY_HEADER Header; /* 0: What the driver wrote. */
    uint32_t ReferenceStatus; /* 16: NTSTATUS of resolving the handle; if it failed, nothing else is known. */
    uint32_t GrantedAccess; /* 20: Access mask the handle has. */
    uint32_t Tid; /* 24: Of a thread; 0 for a process. */
    uint32_t ThreadStatus; /* 28: NTSTATUS of asking a thread whether it lives; 0 for a process. */
    uint8_t Identity; /* 32: Whether it is the process that was expected. */
    uint8_t Thread; /* 33: State of a thread. */
    uint8_t AccessSufficient; /* 34: 1 if the handle has all of the expected access. */
    uint8_t Reserved; /* 35: 0. */
    uint32_t Reserved2; /* 36: 0. */
} TL_EXAMINE_REPLY;

#define TL_EXAMINE_REPLY_V1_SIZE 40u
TL_STATIC_ASSERT(sizeof(TL_EXAMINE_REPLY) == 40, "TL_EXAMINE_REPLY");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, Header) == 0, "TL_EXAMINE_REPLY.Header");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, ReferenceStatus) == 16, "TL_EXAMINE_REPLY.ReferenceStatus");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, GrantedAccess) == 20, "TL_EXAMINE_REPLY.GrantedAccess");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, Tid) == 24, "TL_EXAMINE_REPLY.Tid");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, ThreadStatus) == 28, "TL_EXAMINE_REPLY.ThreadStatus");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, Identity) == 32, "TL_EXAMINE_REPLY.Identity");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, Thread) == 33, "TL_EXAMINE_REPLY.Thread");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, AccessSufficient) == 34, "TL_EXAMINE_REPLY.AccessSufficient");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, Reserved) == 35, "TL_EXAMINE_REPLY.Reserved");
TL_STATIC_ASSERT(offsetof(TL_EXAMINE_REPLY, Reserved2) == 36, "TL_EXAMINE_REPLY.Reserved2");

/* EXAMINE, and what is intended. */
typedef struct _TL_GUARD_REQUEST
{
    TL_REQUEST_HEADER Header; /* 0: What the client knows of this message. */
    uint64_t Handle; /* 16: A handle of the calling process, sign-extended; -1 and -2 are the caller's own process and thread. */
    uint32_t Kind; /* 24: Kind of the object; never guessed. */
    uint32_t ExpectedAccess; /* 28: Access mask the handle is expected to have; 0: none. */
    uint32_t Expect; /* 32: Which of the following members are expected; the others are 0. */
    uint32_t ExpectedPid; /* 36: Pid of the process. */
    uint64_t ExpectedCreateTime; /* 40: FILETIME, 100 ns units. */
    uint64_t ExpectedStartKey; /* 48: Start key. */
    uint64_t Reserved; /* 56: 0. */
    uint32_t Operations; /* 64: What is intended, at least one operation; all of them act on the kind. */
    uint32_t Accepted; /* 68: Availability operations that are accepted on a trustlet. */
} TL_GUARD_REQUEST;

#define TL_GUARD_REQUEST_V1_SIZE 72u
TL_STATIC_ASSERT(sizeof(TL_GUARD_REQUEST) == 72, "TL_GUARD_REQUEST");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, Header) == 0, "TL_GUARD_REQUEST.Header");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, Handle) == 16, "TL_GUARD_REQUEST.Handle");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, Kind) == 24, "TL_GUARD_REQUEST.Kind");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, ExpectedAccess) == 28, "TL_GUARD_REQUEST.ExpectedAccess");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, Expect) == 32, "TL_GUARD_REQUEST.Expect");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, ExpectedPid) == 36, "TL_GUARD_REQUEST.ExpectedPid");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, ExpectedCreateTime) == 40, "TL_GUARD_REQUEST.ExpectedCreateTime");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, ExpectedStartKey) == 48, "TL_GUARD_REQUEST.ExpectedStartKey");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, Reserved) == 56, "TL_GUARD_REQUEST.Reserved");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, Operations) == 64, "TL_GUARD_REQUEST.Operations");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REQUEST, Accepted) == 68, "TL_GUARD_REQUEST.Accepted");

/* EXAMINE's answer, and the decision. */
typedef struct _TL_GUARD_REPLY
{
    TL_REPLY_HEADER Header; /* 0: What the driver wrote. */
    uint32_t ReferenceStatus; /* 16: NTSTATUS of resolving the handle; if it failed, nothing else is known. */
    uint32_t GrantedAccess; /* 20: Access mask the handle has. */
    uint32_t Tid; /* 24: Of a thread; 0 for a process. */
    uint32_t ThreadStatus; /* 28: NTSTATUS of asking a thread whether it lives; 0 for a process. */
    uint8_t Identity; /* 32: Whether it is the process that was expected. */
    uint8_t Thread; /* 33: State of a thread. */
    uint8_t AccessSufficient; /* 34: 1 if the handle has all of the expected access. */
    uint8_t Reserved; /* 35: 0. */
    uint32_t Reserved2; /* 36: 0. */
    uint8_t Decision; /* 40: May the caller act on this handle. */
    uint8_t Verdict; /* 41: What the target is; unknown where the decision is about another object than expected. */
    uint8_t Reason; /* 42: Why. */
    uint8_t Evidence; /* 43: How far the verdict may be relied on. */
    uint32_t Status; /* 44: NTSTATUS behind the reason; 0 where nothing failed. */
} TL_GUARD_REPLY;

#define TL_GUARD_REPLY_V1_SIZE 48u
TL_STATIC_ASSERT(sizeof(TL_GUARD_REPLY) == 48, "TL_GUARD_REPLY");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Header) == 0, "TL_GUARD_REPLY.Header");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, ReferenceStatus) == 16, "TL_GUARD_REPLY.ReferenceStatus");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, GrantedAccess) == 20, "TL_GUARD_REPLY.GrantedAccess");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Tid) == 24, "TL_GUARD_REPLY.Tid");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, ThreadStatus) == 28, "TL_GUARD_REPLY.ThreadStatus");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Identity) == 32, "TL_GUARD_REPLY.Identity");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Thread) == 33, "TL_GUARD_REPLY.Thread");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, AccessSufficient) == 34, "TL_GUARD_REPLY.AccessSufficient");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Reserved) == 35, "TL_GUARD_REPLY.Reserved");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Reserved2) == 36, "TL_GUARD_REPLY.Reserved2");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Decision) == 40, "TL_GUARD_REPLY.Decision");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Verdict) == 41, "TL_GUARD_REPLY.Verdict");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Reason) == 42, "TL_GUARD_REPLY.Reason");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Evidence) == 43, "TL_GUARD_REPLY.Evidence");
TL_STATIC_ASSERT(offsetof(TL_GUARD_REPLY, Status) == 44, "TL_GUARD_REPLY.Status");

/* Asks for the counters. */
typedef struct _TL_STATS_REQUEST
{
    TL_REQUEST_HEADER Header; /* 0: What the client knows of this message. */
} TL_STATS_REQUEST;

#define TL_STATS_REQUEST_V1_SIZE 16u
TL_STATIC_ASSERT(sizeof(TL_STATS_REQUEST) == 16, "TL_STATS_REQUEST");
TL_STATIC_ASSERT(offsetof(TL_STATS_REQUEST, Header) == 0, "TL_STATS_REQUEST.Header");

/* Counters since the driver was loaded; they say how often, never who. */
typedef struct _TL_STATS_REPLY
{
    TL_REPLY_HEADER Header; /* 0: What the driver wrote. */
    uint64_t Opens; /* 16: Files opened. */
    uint64_t OpenNow; /* 24: Files open. */
    uint64_t Requests; /* 32: Requests received. */
    uint64_t Rejected; /* 40: Requests that did not pass validation. */
    uint64_t Cancelled; /* 48: Requests given up. */
    uint64_t Records; /* 56: Verdicts given. */
    uint64_t Secure; /* 64: Of those, secure, */
    uint64_t Ordinary; /* 72: ordinary, */
    uint64_t Unknown; /* 80: and unknown. */
    uint64_t Allowed; /* 88: GUARD decisions: allowed, */
    uint64_t Refused; /* 96: and refused. */
    uint64_t PoolBlocks; /* 104: Blocks of memory the driver holds. */
    uint64_t CensusRestarts; /* 112: How often the process list had grown while it was asked for. */
    uint32_t RefusalRows; /* 120: TL_REFUSAL_RECORDs there are; RecordCount says how many fitted. */
    uint32_t Reserved; /* 124: 0. */
} TL_STATS_REPLY;

#define TL_STATS_REPLY_V1_SIZE 128u
TL_STATIC_ASSERT(sizeof(TL_STATS_REPLY) == 128, "TL_STATS_REPLY");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Header) == 0, "TL_STATS_REPLY.Header");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Opens) == 16, "TL_STATS_REPLY.Opens");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, OpenNow) == 24, "TL_STATS_REPLY.OpenNow");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Requests) == 32, "TL_STATS_REPLY.Requests");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Rejected) == 40, "TL_STATS_REPLY.Rejected");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Cancelled) == 48, "TL_STATS_REPLY.Cancelled");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Records) == 56, "TL_STATS_REPLY.Records");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Secure) == 64, "TL_STATS_REPLY.Secure");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Ordinary) == 72, "TL_STATS_REPLY.Ordinary");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Unknown) == 80, "TL_STATS_REPLY.Unknown");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Allowed) == 88, "TL_STATS_REPLY.Allowed");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Refused) == 96, "TL_STATS_REPLY.Refused");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, PoolBlocks) == 104, "TL_STATS_REPLY.PoolBlocks");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, CensusRestarts) == 112, "TL_STATS_REPLY.CensusRestarts");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, RefusalRows) == 120, "TL_STATS_REPLY.RefusalRows");
TL_STATIC_ASSERT(offsetof(TL_STATS_REPLY, Reserved) == 124, "TL_STATS_REPLY.Reserved");

#endif
