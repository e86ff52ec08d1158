/*
 * Mends mingw-w64's copy of the driver kit (facts/wine.md 10). Included by nt.h alone, behind <ntifs.h>, when mingw or
 * clang for mingw compiles; MSVC with the WDK never sees it.
 */
#pragma once

/* Which dispatch routine a function is: read by the WDK's analysis only. */
#if !defined(_Dispatch_type_)
#define _Dispatch_type_(MajorFunction)
#endif

/*
 * Reads a variable another processor may change, whole and once. Named as in the WDK, which mingw's headers follow only
 * halfway.
 */
#if !defined(ReadNoFence)
#define ReadNoFence TlReadNoFence
FORCEINLINE LONG TlReadNoFence(_In_ const volatile LONG *Source)
{
    return *Source;
}
#endif

/*
 * mingw declares `POBJECT_TYPE *PsProcessType` as imported data, so that reading the name already follows the pointer
 * the kit's code follows by hand; following it once more is a crash (measured, facts/wine.md 10).
 */
#define TL_PROCESS_TYPE ((POBJECT_TYPE)(PVOID)PsProcessType)
#define TL_THREAD_TYPE ((POBJECT_TYPE)(PVOID)PsThreadType)
