/* Pool: what a driver may do wrong with a block is found, and told with the block's tag, size and origin. */
#include "cases.h"

typedef PVOID allocate_pool2(UINT64 flags, SIZE_T bytes, ULONG tag);

static unsigned char *allocate(size_t bytes)
{
    return ExAllocatePoolWithTag(NonPagedPoolNx, bytes, TAG);
}

static allocate_pool2 *pool2(void)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"ExAllocatePool2");
    return (allocate_pool2 *)(uintptr_t)MmGetSystemRoutineAddress(&name);
}

MISTAKEN static void write_byte(unsigned char *memory, ptrdiff_t offset)
{
    memory[offset] = 7;
}

static void a_block_that_is_not_freed_is_a_leak(void)
{
    (void)allocate(24);
    CHECK_EQ(ntsim_kernel_pool_blocks(), 1);
    CHECK_COMPLAINT("leaked: pool block 'TEST' of 24 bytes");
    CHECK_EQ(ntsim_kernel_pool_blocks(), 0);
}

static void writes_outside_a_block_are_seen(void)
{
    unsigned char *block = allocate(10);
    write_byte(block, 10);
    ExFreePoolWithTag(block, TAG);
    CHECK_COMPLAINT("written past the end: pool block 'TEST' of 10 bytes");
    block = allocate(10);
    write_byte(block, -1);
    ExFreePoolWithTag(block, TAG);
    CHECK_COMPLAINT("written before the start");
    block = allocate(10);
    write_byte(block, 41);
    CHECK(ntsim_kernel_expect("written past the end")); /* of a leaked block, too */
    CHECK_COMPLAINT("leaked");
}

static void a_write_after_the_free_is_seen(void)
{
    unsigned char *block = allocate(100);
    ExFreePoolWithTag(block, TAG);
    write_byte(block, 99);
    CHECK_COMPLAINT("written to after it was freed");
}

static void a_block_is_freed_once_and_with_its_tag(void)
{
    unsigned char *block = allocate(16);
    int none;
    ExFreePoolWithTag(block, TAG + 1);
    CHECK_COMPLAINT("freed with another tag");
    ExFreePoolWithTag(block, TAG);
    CHECK_COMPLAINT("which is no allocated block");
    ExFreePoolWithTag(&none, TAG);
    CHECK_COMPLAINT("which is no allocated block");
}

static void paged_pool_is_for_low_irql(void)
{
    ntsim_kernel_set_irql(DISPATCH_LEVEL);
    void *block = ExAllocatePoolWithTag(PagedPool, 8, TAG);
    CHECK(block != NULL);
    CHECK_COMPLAINT("paged pool asked for at IRQL 2");
    ntsim_kernel_set_irql(PASSIVE_LEVEL);
    ExFreePoolWithTag(block, TAG);
    block = ExAllocatePoolWithTag(PagedPool, 8, TAG);
    ntsim_kernel_set_irql(DISPATCH_LEVEL);
    ExFreePoolWithTag(block, TAG);
    ntsim_kernel_set_irql(PASSIVE_LEVEL);
    CHECK_COMPLAINT("paged pool freed above APC_LEVEL");
}

static void executable_pool_and_nameless_pool_are_complained_of(void)
{
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPool, 8, TAG), TAG);
    CHECK_COMPLAINT("executable pool");
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPoolNx, 8, 0), 0);
    CHECK_COMPLAINT("with tag 0x0");
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPoolNx, 0, TAG), TAG);
    CHECK_COMPLAINT("pool of 0 bytes");
    ExFreePoolWithTag(pool2()(0x80, 8, TAG), TAG);
    CHECK_COMPLAINT("executable pool");
    CHECK(pool2()(0x140, 8, TAG) == NULL);
    CHECK_COMPLAINT("ExAllocatePool2 with flags 0x140");
}

static void only_pool2_is_zeroed(void)
{
    unsigned char *old = allocate(32);
    unsigned char *new = pool2()(0x40, 32, TAG);
    unsigned char *raw = pool2()(0x42, 32, TAG);
    CHECK_EQ((uintptr_t)old % 16, 0);
    CHECK_EQ((uintptr_t) new % 16, 0);
    CHECK_EQ(old[0], 0xCD);
    CHECK_EQ(raw[31], 0xCD);
    for (unsigned i = 0; i < 32; i++)
        CHECK_EQ(new[i], 0);
    ExFreePoolWithTag(old, TAG);
    ExFreePoolWithTag(new, TAG);
    ExFreePoolWithTag(raw, TAG);
}

const test_case pool_tests[] = {
    {"a block that is not freed is a leak, told with tag and size", a_block_that_is_not_freed_is_a_leak},
    {"a write past the end of a block, or before its start, is seen", writes_outside_a_block_are_seen},
    {"a write to a freed block is seen", a_write_after_the_free_is_seen},
    {"a block is freed once, and with its tag", a_block_is_freed_once_and_with_its_tag},
    {"paged pool at DISPATCH_LEVEL is complained of", paged_pool_is_for_low_irql},
    {"executable, empty and nameless pool is complained of", executable_pool_and_nameless_pool_are_complained_of},
    {"ExAllocatePool2 zeroes, ExAllocatePoolWithTag fills with junk, both align to 16", only_pool2_is_zeroed},
    {NULL, NULL},
};
