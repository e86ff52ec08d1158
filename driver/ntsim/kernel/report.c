/* What went wrong: a list of sentences, kept until a test asks for it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define MAX_COMPLAINTS 64u
#define COMPLAINT_BYTES 400u

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char complaints[MAX_COMPLAINTS][COMPLAINT_BYTES];
static size_t complaint_count; /* may exceed MAX_COMPLAINTS: the rest is only counted */

void kernel_complain(const char *format, ...)
{
    char text[COMPLAINT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)pthread_mutex_lock(&mutex);
    if (complaint_count < MAX_COMPLAINTS)
        memcpy(complaints[complaint_count], text, sizeof text);
    complaint_count++;
    (void)pthread_mutex_unlock(&mutex);
}

/* The sanitizers' runtimes have a symbolizer; without one a dynamic symbol or the bare address must do. */
void __sanitizer_symbolize_pc(void *address, const char *format, char *text, size_t bytes) __attribute__((weak));

const char *kernel_describe_site(const void *site, char text[static 160])
{
    Dl_info info;
    text[0] = 0;
    if (__sanitizer_symbolize_pc != NULL)
    {
        __sanitizer_symbolize_pc((char *)(uintptr_t)site - 1, "%f %s:%l", text, 160);
        const char *slash = strrchr(text, '/');
        const char *space = strchr(text, ' ');
        if (slash != NULL && space != NULL && slash > space)
            memmove(text + (space - text) + 1, slash + 1, strlen(slash));
        return text;
    }
    if (dladdr(site, &info) != 0 && info.dli_sname != NULL)
        (void)snprintf(text, 160, "%s+0x%lx", info.dli_sname,
                       (unsigned long)((const char *)site - (const char *)info.dli_saddr));
    else
        (void)snprintf(text, 160, "%p", site);
    return text;
}

static void collect(void)
{
    kernel_check_threads();
    if (kernel_check_requests())
        return; /* the driver is still at work: what it holds is its own */
    kernel_check_kernel_handles();
    kernel_check_objects();
    kernel_check_io(); /* after those: a file that goes with its last reference is closed by its driver */
    kernel_check_remove_locks();
    kernel_check_pool();
}

size_t ntsim_kernel_check(void)
{
    collect();
    (void)pthread_mutex_lock(&mutex);
    const size_t count = complaint_count;
    for (size_t i = 0; i < count && i < MAX_COMPLAINTS; i++)
        printf("# kernel: %s\n", complaints[i]);
    if (count > MAX_COMPLAINTS)
        printf("# kernel: and %zu more\n", count - MAX_COMPLAINTS);
    complaint_count = 0;
    (void)pthread_mutex_unlock(&mutex);
    if (count != 0)
        (void)fflush(stdout);
    return count;
}

/* Strikes off what contains the text. */
static bool strike(const char *text)
{
    bool found = false;
    size_t kept = 0;
    (void)pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < complaint_count && i < MAX_COMPLAINTS; i++)
    {
        if (strstr(complaints[i], text) != NULL)
            found = true;
        else if (kept++ != i)
            memcpy(complaints[kept - 1], complaints[i], COMPLAINT_BYTES);
    }
    complaint_count = kept;
    (void)pthread_mutex_unlock(&mutex);
    return found;
}

bool ntsim_kernel_expect(const char *text)
{
    if (strike(text))
        return true;
    collect();
    return strike(text);
}
