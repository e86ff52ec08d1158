/* HELLO: which protocol, which driver, which Windows. */
#include "reply.h"
#include "requests.h"

UINT16 TlChooseVersion(_In_ UINT16 ClientMin, _In_ UINT16 ClientMax, _In_ UINT16 DriverMin, _In_ UINT16 DriverMax)
{
    const UINT16 Newest = ClientMax < DriverMax ? ClientMax : DriverMax;
    return Newest >= ClientMin && Newest >= DriverMin ? Newest : 0;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
TlHandleHello(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller, _In_ const TL_VALID_REQUEST *Request,
              _Inout_ PVOID Buffer, _In_ ULONG OutputLength, _Out_ ULONG_PTR *Information)
{
    TL_SYSTEM System = Core->System;
    TL_HELLO_REPLY Hello;
    TL_REPLY Reply;

    PAGED_CODE();
    UNREFERENCED_PARAMETER(Caller);
    TlReadIsolatedUserMode(&System);
    RtlZeroMemory(&Hello, sizeof(Hello));
    Hello.Version = TlChooseVersion(Request->Body.Hello.MinVersion, Request->Body.Hello.MaxVersion,
                                    TL_PROTOCOL_VERSION_MIN, TL_PROTOCOL_VERSION_MAX);
    Hello.MinVersion = TL_PROTOCOL_VERSION_MIN;
    Hello.MaxVersion = TL_PROTOCOL_VERSION_MAX;
    Hello.DriverVersion = TL_DRIVER_VERSION;
    Hello.Capabilities = TL_CAPABILITY_QUERY | TL_CAPABILITY_CENSUS | TL_CAPABILITY_EXAMINE | TL_CAPABILITY_GUARD |
                         TL_CAPABILITY_STATS | (System.GetProcessStartKey != NULL ? TL_CAPABILITY_START_KEY : 0u);
    Hello.OsMajor = System.Major;
    Hello.OsMinor = System.Minor;
    Hello.OsBuild = System.Build;
    Hello.IsolatedUserModeStatus = (UINT32)System.IsolatedUserModeStatus;
    Hello.IsolatedUserModeFlags = System.IsolatedUserModeStatus == STATUS_SUCCESS ? System.IsolatedUserModeFlags : 0;
    Hello.MaxPids = TL_MAX_PIDS;
    Hello.MaxFixedSize = TL_MAX_FIXED_SIZE;
    Hello.Operations = TL_ISOLATION_OPERATIONS | TL_AVAILABILITY_OPERATIONS;
    Hello.ProcessRecordSize = sizeof(TL_PROCESS_RECORD);
    TlBeginReply(&Reply, Request, Buffer, OutputLength);
    /* The one message that is the same in every version. */
    Reply.Version = TL_PROTOCOL_VERSION_MIN;
    *Information = TlFinishReply(&Reply, &Hello, sizeof(Hello));
    return STATUS_SUCCESS;
}
