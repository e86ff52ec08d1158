/* Ex: pool. Every block lies between two red zones; freed blocks are kept for a while, to see who still writes to them.
 */
#include <pthread.h>
#include <stdlib.h>

#include "internal.h"
#include "poison.h"

#define ALIGNMENT 16u
#define FENCE_BYTES 32u
#define BUCKETS 4096u
/* Freed blocks in quarantine; larger ones go at once. */
#define QUARANTINE 128u
#define QUARANTINE_BLOCK_BYTES 0x10000u
/* facts/nt.md 7.3 */
#define POOL_FLAG_UNINITIALIZED UINT64_C(0x2)
#define POOL_FLAG_NON_PAGED UINT64_C(0x40)
#define POOL_FLAG_NON_PAGED_EXECUTE UINT64_C(0x80)
#define POOL_FLAG_PAGED UINT64_C(0x100)

typedef struct pool_block
{
    struct pool_block *next;
    unsigned char *start; /* the first red zone */
    unsigned char *body;
    size_t bytes;
    ULONG tag;
    bool paged;
    const void *site;
} pool_block;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pool_block *buckets[BUCKETS];
static size_t block_count;
static pool_block *quarantine[QUARANTINE];
static unsigned next_quarantined;

static pool_block **bucket_of(const void *body)
{
    return &buckets[((uintptr_t)body >> 4) % BUCKETS];
}

/* Tags read backwards in memory, as in a pool listing. */
static const char *tag_text(ULONG tag, char text[static 5])
{
    for (unsigned i = 0; i < 4; i++)
    {
        const unsigned char c = (unsigned char)(tag >> (8 * i));
        text[i] = c >= 0x20 && c < 0x7F ? (char)c : '.';
    }
    text[4] = 0;
    return text;
}

static void describe(const pool_block *block, const char *what)
{
    char where[160];
    char tag[5];
    kernel_complain("%s: pool block '%s' of %zu bytes, allocated from %s", what, tag_text(block->tag, tag),
                    block->bytes, kernel_describe_site(block->site, where));
}

static size_t total_bytes(size_t bytes)
{
    return 2 * FENCE_BYTES + (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static PVOID allocate(size_t bytes, bool paged, ULONG tag, unsigned char fill, const void *site)
{
    char where[160];
    if (bytes == 0 || tag == 0)
        kernel_complain("pool of %zu bytes with tag 0x%x asked for, from %s", bytes, tag,
                        kernel_describe_site(site, where));
    if (paged && kernel_this_thread()->irql > APC_LEVEL)
        kernel_complain("paged pool asked for at IRQL %u, from %s", kernel_this_thread()->irql,
                        kernel_describe_site(site, where));
    if (bytes > INT32_MAX)
        return NULL;
    const size_t total = total_bytes(bytes);
    unsigned char *start = aligned_alloc(ALIGNMENT, total);
    pool_block *block = kernel_allocate(sizeof *block);
    if (start == NULL)
    {
        free(block);
        return NULL;
    }
    unsigned char *body = start + FENCE_BYTES;
    memset(start, NTSIM_FENCE, FENCE_BYTES);
    memset(body, fill, bytes);
    memset(body + bytes, NTSIM_FENCE, total - FENCE_BYTES - bytes);
    NTSIM_POISON(start, FENCE_BYTES);
    NTSIM_POISON(body + bytes, total - FENCE_BYTES - bytes);
    *block = (pool_block){NULL, start, body, bytes, tag, paged, site};
    (void)pthread_mutex_lock(&mutex);
    pool_block **bucket = bucket_of(body);
    block->next = *bucket;
    *bucket = block;
    block_count++;
    (void)pthread_mutex_unlock(&mutex);
    return body;
}

PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    NTSTATUS status;
    char where[160];
    if (kernel_enter(NTSIM_ExAllocatePoolWithTag, CALLER, &status))
        return NULL;
    if (PoolType == NonPagedPool)
        kernel_complain("executable pool asked for, from %s", kernel_describe_site(CALLER, where));
    return allocate(NumberOfBytes, PoolType == PagedPool, Tag, NTSIM_FRESH, CALLER);
}

/* From build 19041 on (facts/nt.md 7); a driver binds it with MmGetSystemRoutineAddress. */
PVOID ExAllocatePool2(UINT64 Flags, SIZE_T NumberOfBytes, ULONG Tag)
{
    NTSTATUS status;
    char where[160];
    if (kernel_enter(NTSIM_ExAllocatePool2, CALLER, &status))
        return NULL;
    const UINT64 kind = Flags & (POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED);
    if (kind == 0 || (kind & (kind - 1)) != 0)
    {
        kernel_complain("ExAllocatePool2 with flags 0x%llx, from %s", (unsigned long long)Flags,
                        kernel_describe_site(CALLER, where));
        return NULL;
    }
    if (kind == POOL_FLAG_NON_PAGED_EXECUTE)
        kernel_complain("executable pool asked for, from %s", kernel_describe_site(CALLER, where));
    return allocate(NumberOfBytes, kind == POOL_FLAG_PAGED, Tag,
                    (Flags & POOL_FLAG_UNINITIALIZED) != 0 ? NTSIM_FRESH : 0, CALLER);
}

/* Complains of a broken red zone. */
static void check_fences(const pool_block *block)
{
    const size_t total = total_bytes(block->bytes);
    const size_t tail = total - FENCE_BYTES - block->bytes;
    NTSIM_UNPOISON(block->start, total);
    if (!ntsim_holds_only(block->start, FENCE_BYTES, NTSIM_FENCE))
        describe(block, "written before the start");
    if (!ntsim_holds_only(block->body + block->bytes, tail, NTSIM_FENCE))
        describe(block, "written past the end");
}

/* Gives a freed block back to the host. */
static void discard(pool_block *block)
{
    if (block == NULL)
        return;
    NTSIM_UNPOISON(block->start, total_bytes(block->bytes));
    if (!ntsim_holds_only(block->body, block->bytes, NTSIM_FREED))
        describe(block, "written to after it was freed");
    free(block->start);
    free(block);
}

static void release(pool_block *block)
{
    check_fences(block);
    memset(block->body, NTSIM_FREED, block->bytes);
    if (block->bytes > QUARANTINE_BLOCK_BYTES)
    {
        discard(block);
        return;
    }
    NTSIM_POISON(block->start, total_bytes(block->bytes));
    (void)pthread_mutex_lock(&mutex);
    pool_block *oldest = quarantine[next_quarantined];
    quarantine[next_quarantined] = block;
    next_quarantined = (next_quarantined + 1) % QUARANTINE;
    (void)pthread_mutex_unlock(&mutex);
    discard(oldest);
}

VOID ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    NTSTATUS status;
    char where[160];
    (void)kernel_enter(NTSIM_ExFreePoolWithTag, CALLER, &status);
    (void)pthread_mutex_lock(&mutex);
    pool_block **link = bucket_of(P);
    while (*link != NULL && (*link)->body != P)
        link = &(*link)->next;
    pool_block *block = *link;
    if (block != NULL)
    {
        *link = block->next;
        block_count--;
    }
    (void)pthread_mutex_unlock(&mutex);
    if (block == NULL)
    {
        kernel_complain("ExFreePoolWithTag of %p, which is no allocated block, from %s", P,
                        kernel_describe_site(CALLER, where));
        return;
    }
    if (Tag != 0 && Tag != block->tag)
        describe(block, "freed with another tag");
    if (block->paged && kernel_this_thread()->irql > APC_LEVEL)
        describe(block, "paged pool freed above APC_LEVEL");
    kernel_forget_remove_locks(block->body, block->bytes);
    release(block);
}

size_t ntsim_kernel_pool_blocks(void)
{
    (void)pthread_mutex_lock(&mutex);
    const size_t count = block_count;
    (void)pthread_mutex_unlock(&mutex);
    return count;
}

void kernel_check_pool(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        while (buckets[i] != NULL)
        {
            pool_block *block = buckets[i];
            buckets[i] = block->next;
            block_count--;
            describe(block, "leaked");
            release(block);
        }
    for (unsigned i = 0; i < QUARANTINE; i++)
    {
        discard(quarantine[i]);
        quarantine[i] = NULL;
    }
}
