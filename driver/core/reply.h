/*
 * Writes a reply: a fixed part, records of one stride, and text behind them, never more than both sides know of.
 */
#pragma once

#include "nt.h"
#include "trustlet_protocol.h"
#include "validate.h"

typedef struct _TL_REPLY
{
    UINT8 *Base;
    UINT32 Capacity;
    UINT32 FixedLength;
    UINT32 Stride;
    UINT16 Version;
    UINT16 Message;
    UINT32 RecordCount;
    /* Bytes used behind the records. */
    UINT32 TextLength;
} TL_REPLY;

/*
 * \brief Begins a reply in the buffer the request came in, and zeroes it: from here on the request is only its copy.
 * IRQL: any, if Buffer is resident.
 */
VOID TlBeginReply(_Out_ TL_REPLY *Reply, _In_ const TL_VALID_REQUEST *Request,
                  _Out_writes_bytes_(OutputLength) PVOID Buffer, _In_ ULONG OutputLength);

/* \return records that fit, none of which has text. IRQL: any. */
UINT32 TlReplyRoom(_In_ const TL_REPLY *Reply);

/* \brief Appends a record. The caller has made sure that it fits. IRQL: any. */
VOID TlAddRecord(_Inout_ TL_REPLY *Reply, _In_reads_bytes_(Length) const VOID *Record, _In_ UINT32 Length);

/*
 * \brief Writes the fixed part, whose first member is a TL_REPLY_HEADER that this fills in.
 * \return the reply's length in bytes.
 * IRQL: any.
 */
ULONG_PTR TlFinishReply(_Inout_ TL_REPLY *Reply, _Inout_updates_bytes_(Length) VOID *Fixed, _In_ UINT32 Length);
