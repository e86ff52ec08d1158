/* Memory that nobody may touch: told to the address sanitizer where there is one. */
#ifndef TRUSTLET_NTSIM_KERNEL_POISON_H
#define TRUSTLET_NTSIM_KERNEL_POISON_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define NTSIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NTSIM_ASAN 1
#endif
#endif

#ifdef NTSIM_ASAN
void __asan_poison_memory_region(void const volatile *address, size_t bytes);
void __asan_unpoison_memory_region(void const volatile *address, size_t bytes);
#define NTSIM_POISON(address, bytes) __asan_poison_memory_region(address, bytes)
#define NTSIM_UNPOISON(address, bytes) __asan_unpoison_memory_region(address, bytes)
#else
#define NTSIM_POISON(address, bytes) ((void)(address), (void)(bytes))
#define NTSIM_UNPOISON(address, bytes) ((void)(address), (void)(bytes))
#endif

#define NTSIM_FRESH 0xCD /* allocated and not written */
#define NTSIM_FREED 0xDD
#define NTSIM_FENCE 0xFD /* red zones */

static inline bool ntsim_holds_only(const unsigned char *memory, size_t bytes, unsigned char value)
{
    return bytes == 0 || (memory[0] == value && memcmp(memory, memory + 1, bytes - 1) == 0);
}

#endif
