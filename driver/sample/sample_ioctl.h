/*
 * What the sample driver and its client say to each other. Its requests exist so that the sample can be watched: a
 * driver that acts on whatever process a client names has given that client its own powers. A product acts on events of
 * its own.
 */
#pragma once

#include <stdint.h>

#define SAMPLE_DEVICE_TYPE 0x8E55u

/* METHOD_BUFFERED. To act needs write access to the device, to read the log read access. */
#define SAMPLE_IOCTL_ACT 0x8E55A004u
#define SAMPLE_IOCTL_LOG 0x8E556008u

#define SAMPLE_ACTION_QUEUE_APC 1u
#define SAMPLE_ACTION_ATTACH 2u
#define SAMPLE_ACTION_COPY_MEMORY 3u
#define SAMPLE_ACTION_TERMINATE 4u

typedef struct _SAMPLE_ACT_REQUEST
{
    uint32_t Action;
    /* A thread's id for SAMPLE_ACTION_QUEUE_APC, else a process's. */
    uint32_t Id;
    /* The process's, as a FILETIME; 0 if the client does not know it. */
    uint64_t CreateTime;
} SAMPLE_ACT_REQUEST;

typedef struct _SAMPLE_ACT_REPLY
{
    /* What the guarded call returned: TL_STATUS_REFUSED, or the status of what it did. */
    uint32_t CallStatus;
    /* The decision: TL_DECISION_…, TL_VERDICT_…, TL_REASON_…, TL_EVIDENCE_… of trustlet_protocol.h. */
    uint8_t Decision;
    uint8_t Verdict;
    uint8_t Reason;
    uint8_t Evidence;
    uint32_t Status;
    uint32_t Reserved;
} SAMPLE_ACT_REPLY;

/* Something the sample would have done. */
typedef struct _SAMPLE_LOG_RECORD
{
    uint32_t Action;
    uint32_t Pid;
    /* 0 where no thread was meant. */
    uint32_t Tid;
    uint32_t Reserved;
} SAMPLE_LOG_RECORD;

#define SAMPLE_LOG_LENGTH 32u

typedef struct _SAMPLE_LOG_REPLY
{
    /* Everything since the driver started; the records are the last of them, oldest first. */
    uint64_t Total;
    uint32_t RecordCount;
    uint32_t Reserved;
    SAMPLE_LOG_RECORD Records[SAMPLE_LOG_LENGTH];
} SAMPLE_LOG_REPLY;
