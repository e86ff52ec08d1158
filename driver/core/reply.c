#include "reply.h"

VOID TlBeginReply(_Out_ TL_REPLY *Reply, _In_ const TL_VALID_REQUEST *Request,
                  _Out_writes_bytes_(OutputLength) PVOID Buffer, _In_ ULONG OutputLength)
{
    RtlZeroMemory(Reply, sizeof(*Reply));
    RtlZeroMemory(Buffer, OutputLength);
    Reply->Base = Buffer;
    Reply->Capacity = OutputLength;
    Reply->FixedLength = Request->FixedLength;
    Reply->Stride = Request->Stride;
    Reply->Version = Request->Version;
    Reply->Message = Request->Message;
}

UINT32 TlReplyRoom(_In_ const TL_REPLY *Reply)
{
    return (Reply->Capacity - Reply->FixedLength) / Reply->Stride - Reply->RecordCount;
}

VOID TlAddRecord(_Inout_ TL_REPLY *Reply, _In_reads_bytes_(Length) const VOID *Record, _In_ UINT32 Length)
{
    UINT8 *Place = Reply->Base + Reply->FixedLength + (SIZE_T)Reply->RecordCount * Reply->Stride;
    RtlCopyMemory(Place, Record, Length < Reply->Stride ? Length : Reply->Stride);
    Reply->RecordCount++;
}

ULONG_PTR TlFinishReply(_Inout_ TL_REPLY *Reply, _Inout_updates_bytes_(Length) VOID *Fixed, _In_ UINT32 Length)
{
    TL_REPLY_HEADER *Header = Fixed;
    Header->Size = Reply->FixedLength;
    Header->Version = Reply->Version;
    Header->Message = Reply->Message;
    Header->RecordSize = Reply->Stride;
    Header->RecordCount = Reply->RecordCount;
    RtlCopyMemory(Reply->Base, Fixed, Length < Reply->FixedLength ? Length : Reply->FixedLength);
    return Reply->FixedLength + (ULONG_PTR)Reply->RecordCount * Reply->Stride + Reply->TextLength;
}
