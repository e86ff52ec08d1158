/*
 * The WDK's basic types for a 64-bit Windows, on a compiler whose long has 64 bits: Windows is LLP64, so ULONG and LONG
 * are 32 bits wide here too, and a wide character 16 (-fshort-wchar).
 */
#ifndef TRUSTLET_NTSIM_DDK_NTDEF_H
#define TRUSTLET_NTSIM_DDK_NTDEF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sal.h"

_Static_assert(sizeof(void *) == 8, "a 64-bit kernel");
_Static_assert(sizeof(wchar_t) == 2, "compile with -fshort-wchar");

#define VOID void
#define CONST const
#define TRUE 1
#define FALSE 0
#define NTAPI
#define FASTCALL
#define CALLBACK
#define FORCEINLINE static inline
#define __forceinline static inline
#define NTSYSAPI
#define NTSYSCALLAPI
#define NTKERNELAPI
#define NTHALAPI
#define UNALIGNED
#define POINTER_ALIGNMENT __attribute__((aligned(8)))
#define DECLSPEC_ALIGN(bytes) __attribute__((aligned(bytes)))
#define DECLSPEC_NORETURN __attribute__((noreturn))
#define EXTERN_C_START
#define EXTERN_C_END
#define ANYSIZE_ARRAY 1

typedef char CHAR, CCHAR, *PCHAR, *PSTR;
typedef const char *PCSTR;
typedef uint8_t UCHAR, BYTE, BOOLEAN, UINT8, *PUCHAR, *PBYTE, *PBOOLEAN, *PUINT8;
typedef int8_t INT8;
typedef int16_t SHORT, CSHORT, INT16, *PSHORT;
typedef uint16_t USHORT, WORD, UINT16, *PUSHORT, *PUINT16;
typedef int32_t LONG, INT, INT32, BOOL, NTSTATUS, *PLONG, *PNTSTATUS;
typedef uint32_t ULONG, DWORD, UINT, UINT32, *PULONG, *PUINT32;
typedef int64_t LONGLONG, LONG64, INT64, LONG_PTR, INT_PTR, SSIZE_T, *PLONGLONG, *PLONG64;
typedef uint64_t ULONGLONG, ULONG64, UINT64, DWORD64, ULONG_PTR, UINT_PTR, SIZE_T, KAFFINITY, *PULONGLONG, *PULONG64,
    *PUINT64, *PULONG_PTR, *PSIZE_T;
typedef wchar_t WCHAR, *PWCHAR, *PWSTR;
typedef const wchar_t *PCWSTR, *PCWCH;
typedef void *PVOID, *HANDLE;
typedef const void *PCVOID;
typedef HANDLE *PHANDLE;
typedef UCHAR KIRQL, *PKIRQL;
typedef CCHAR KPROCESSOR_MODE;
typedef LONG KPRIORITY;
typedef ULONG ACCESS_MASK, *PACCESS_MASK;
typedef ULONG SECURITY_INFORMATION, *PSECURITY_INFORMATION;

typedef union _LARGE_INTEGER
{
    struct
    {
        ULONG LowPart;
        LONG HighPart;
    };
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef struct _UNICODE_STRING
{
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _LIST_ENTRY
{
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _CLIENT_ID
{
    HANDLE UniqueProcess;
    HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

typedef struct _OBJECT_ATTRIBUTES
{
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;
_Static_assert(sizeof(OBJECT_ATTRIBUTES) == 48, "OBJECT_ATTRIBUTES");

#define OBJ_INHERIT 0x00000002u
#define OBJ_CASE_INSENSITIVE 0x00000040u
#define OBJ_KERNEL_HANDLE 0x00000200u
#define OBJ_FORCE_ACCESS_CHECK 0x00000400u

#define InitializeObjectAttributes(p, n, a, r, s)                                                                      \
    do                                                                                                                 \
    {                                                                                                                  \
        (p)->Length = (ULONG)sizeof(OBJECT_ATTRIBUTES);                                                                \
        (p)->RootDirectory = (r);                                                                                      \
        (p)->Attributes = (a);                                                                                         \
        (p)->ObjectName = (n);                                                                                         \
        (p)->SecurityDescriptor = (s);                                                                                 \
        (p)->SecurityQualityOfService = NULL;                                                                          \
    } while (0)

#define NT_SUCCESS(Status) (((NTSTATUS)(Status)) >= 0)
#define NT_INFORMATION(Status) ((((ULONG)(Status)) >> 30) == 1)
#define NT_WARNING(Status) ((((ULONG)(Status)) >> 30) == 2)
#define NT_ERROR(Status) ((((ULONG)(Status)) >> 30) == 3)

#define C_ASSERT(e) _Static_assert(e, #e)
#define UNREFERENCED_PARAMETER(P) ((void)(P))
#define DBG_UNREFERENCED_PARAMETER(P) ((void)(P))
#define RTL_NUMBER_OF(A) (sizeof(A) / sizeof((A)[0]))
#define ARRAYSIZE(A) RTL_NUMBER_OF(A)
#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#define UFIELD_OFFSET(type, field) ((ULONG)offsetof(type, field))
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#define RTL_SIZEOF_THROUGH_FIELD(type, field) (offsetof(type, field) + RTL_FIELD_SIZE(type, field))
#define CONTAINING_RECORD(address, type, field) ((type *)(void *)((char *)(address)-offsetof(type, field)))
#define MAXUSHORT 0xFFFF
#define MAXULONG 0xFFFFFFFFu
#define RTL_CONSTANT_STRING(s)                                                                                         \
    {                                                                                                                  \
        sizeof(s) - sizeof((s)[0]), sizeof(s), (PWSTR)(ULONG_PTR)(s)                                                   \
    }

#define ZeroMemory RtlZeroMemory
#define RtlZeroMemory(Destination, Length) memset((Destination), 0, (Length))
#define RtlFillMemory(Destination, Length, Fill) memset((Destination), (Fill), (Length))
#define RtlCopyMemory(Destination, Source, Length) memcpy((Destination), (Source), (Length))
#define RtlMoveMemory(Destination, Source, Length) memmove((Destination), (Source), (Length))
#define RtlEqualMemory(Destination, Source, Length) (memcmp((Destination), (Source), (Length)) == 0)

#include "ntstatus.h"

#endif
