/*
 * mingw's thread library, which its C++ library brings along, can cancel threads, look processes up and set the clock.
 * Nothing here uses that, so the functions it would take are bound to these, and the file imports none of them: whoever
 * looks at its import table sees that it cannot act on a process. ResumeThread stays: threads begin by it. No other
 * compiler's library has them.
 */
#if defined(_WIN32) && defined(__GNUC__)
#include <stddef.h>

static void *no_handle(void)
{
    return NULL;
}

static int no_success(void)
{
    return 0;
}

static unsigned no_count(void)
{
    return 0xFFFFFFFFu;
}

void *__imp_OpenProcess = (void *)no_handle;
void *__imp_SetThreadContext = (void *)no_success;
void *__imp_GetThreadContext = (void *)no_success;
void *__imp_SetProcessAffinityMask = (void *)no_success;
void *__imp_SetSystemTime = (void *)no_success;
void *__imp_SuspendThread = (void *)no_count;
#else
typedef int runtime_limits_unused;
#endif
