/*
 * The driver's memory: zeroed, never executable, counted, and of one tag.
 */
#pragma once

#include "nt.h"

/* Shows as `TlTr` in a pool listing. */
#define TL_POOL_TAG 0x72546C54u

/*
 * \brief Finds out which allocator this Windows has (ExAllocatePool2 from build 19041 on, facts/nt.md 7).
 * IRQL: PASSIVE_LEVEL. Once, before the first allocation.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlPoolStart(VOID);

/*
 * \brief Allocates memory that stays resident, for what is touched under a spin lock.
 * \return zeroed memory, 16-byte aligned, or NULL. The caller frees it with TlFree.
 * IRQL: up to DISPATCH_LEVEL.
 */
_IRQL_requires_max_(DISPATCH_LEVEL)
_Must_inspect_result_ PVOID TlAllocate(_In_ SIZE_T Length);

/*
 * \brief Allocates memory for the length of a request; a list of processes may be megabytes.
 * \return zeroed memory, 16-byte aligned, or NULL. The caller frees it with TlFree.
 * IRQL: up to APC_LEVEL.
 */
_IRQL_requires_max_(APC_LEVEL)
_Must_inspect_result_ PVOID TlAllocatePageable(_In_ SIZE_T Length);

/*
 * \brief Frees what one of the above returned; NULL is allowed.
 * IRQL: APC_LEVEL for pageable memory, else up to DISPATCH_LEVEL.
 */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID TlFree(_In_opt_ PVOID Memory);

/* \return blocks allocated and not yet freed. IRQL: any. */
UINT64 TlPoolBlocks(VOID);
