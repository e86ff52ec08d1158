/*
 * The only place that judges a request's bytes. What passes is a copy: nobody reads the client's buffer again, which
 * the reply is about to overwrite. The steps and their statuses: docs/protocol.md, "Validation";
 * lib/protocol/validate.ts takes the same ones, and the fuzzers compare the two.
 */
#pragma once

#include "nt.h"
#include "trustlet_protocol.h"

/* A request that passed. */
typedef struct _TL_VALID_REQUEST
{
    UINT16 Message;
    UINT16 Version;
    /* Bytes of the reply's fixed part, and of each record, that both sides know. */
    UINT32 FixedLength;
    UINT32 Stride;
    /* QUERY: where the pids start in the client's buffer. */
    UINT32 PidsOffset;
    /* The fixed part as this driver knows it; what the client did not send is 0. */
    union
    {
        TL_REQUEST_HEADER Header;
        TL_HELLO_REQUEST Hello;
        TL_QUERY_REQUEST Query;
        TL_CENSUS_REQUEST Census;
        TL_EXAMINE_REQUEST Examine;
        TL_GUARD_REQUEST Guard;
        TL_STATS_REQUEST Stats;
    } Body;
} TL_VALID_REQUEST;

/*
 * \brief Validates a request and copies its fixed part.
 * \param Input may be NULL only if InputLength is 0.
 * \param Request all zero on failure.
 * \return STATUS_SUCCESS or the status of the first step that failed.
 * IRQL: any, if Input is resident. Reads nothing but its parameters.
 */
_Must_inspect_result_ NTSTATUS TlValidateRequest(_In_ ULONG IoControlCode,
                                                 _In_reads_bytes_opt_(InputLength) const VOID *Input,
                                                 _In_ ULONG InputLength, _In_ ULONG OutputLength,
                                                 _Out_ TL_VALID_REQUEST *Request);
