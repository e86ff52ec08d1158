/* Host threads: which simulated thread each one is, at which IRQL, with which locks; and the simulation's own lock. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "internal.h"

#define PATIENCE_SECONDS 10

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void kernel_lock(void)
{
    (void)pthread_mutex_lock(&mutex);
}

void kernel_unlock(void)
{
    kernel_object *ending = kernel_take_ending();
    (void)pthread_mutex_unlock(&mutex);
    while (ending != NULL)
    {
        kernel_object *next = ending->next_ending;
        ending->type->end(ending);
        ending = next;
    }
}

bool kernel_wait(void)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_SECONDS;
    return pthread_cond_timedwait(&changed, &mutex, &until) != ETIMEDOUT;
}

void kernel_wake(void)
{
    (void)pthread_cond_broadcast(&changed);
}

void *kernel_allocate(size_t bytes)
{
    void *memory = calloc(1, bytes == 0 ? 1 : bytes);
    if (memory == NULL)
    {
        (void)fprintf(stderr, "ntsim: out of memory\n");
        abort();
    }
    return memory;
}

/* ---- host threads ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
static kernel_host_thread *threads;
static ULONG_PTR next_number = 1;

static void check_thread(kernel_host_thread *host, const char *when)
{
    char where[160];
    for (unsigned i = 0; i < host->held_count; i++)
        kernel_complain("spin lock %p is held %s, acquired from %s", (void *)host->held[i].lock, when,
                        kernel_describe_site(host->held[i].site, where));
    if (host->irql != PASSIVE_LEVEL)
        kernel_complain("a host thread is at IRQL %u %s", host->irql, when);
    if (host->critical_regions != 0)
        kernel_complain("a host thread is in %u critical regions %s", host->critical_regions, when);
    for (unsigned i = 0; i < host->held_count; i++)
        __atomic_store_n(host->held[i].lock, 0, __ATOMIC_RELEASE);
    host->held_count = 0;
    host->critical_regions = 0;
    host->irql = PASSIVE_LEVEL;
}

static void end_host_thread(void *ended)
{
    kernel_host_thread *host = ended;
    check_thread(host, "as its thread ends");
    /* The host thread's own way to its record is gone: take its pins away by hand. */
    kernel_lock();
    if (host->process != NULL)
        kernel_unpin(host->process);
    if (host->thread != NULL)
        kernel_unpin(host->thread);
    kernel_unlock();
    (void)pthread_mutex_lock(&list_mutex);
    kernel_host_thread **link = &threads;
    while (*link != host)
        link = &(*link)->next;
    *link = host->next;
    (void)pthread_mutex_unlock(&list_mutex);
    free(host);
}

static void make_key(void)
{
    if (pthread_key_create(&key, end_host_thread) != 0)
        abort();
}

kernel_host_thread *kernel_this_thread(void)
{
    (void)pthread_once(&once, make_key);
    kernel_host_thread *host = pthread_getspecific(key);
    if (host != NULL)
        return host;
    host = kernel_allocate(sizeof *host);
    host->previous_mode = KernelMode;
    (void)pthread_mutex_lock(&list_mutex);
    host->number = next_number;
    next_number += 2;
    host->next = threads;
    threads = host;
    (void)pthread_mutex_unlock(&list_mutex);
    (void)pthread_setspecific(key, host);
    return host;
}

/* Only of this thread: what others do is theirs until they end, and then it is checked. */
void kernel_check_threads(void)
{
    check_thread(kernel_this_thread(), "at the end");
}

void kernel_check_return(const char *what, KIRQL irql_before, unsigned locks_before)
{
    kernel_host_thread *host = kernel_this_thread();
    char where[160];
    if (host->held_count > locks_before)
        kernel_complain("%s returned with a spin lock that was acquired from %s", what,
                        kernel_describe_site(host->held[host->held_count - 1].site, where));
    if (host->irql != irql_before)
        kernel_complain("%s returned at IRQL %u, called at %u", what, host->irql, irql_before);
    if (host->critical_regions != 0)
        kernel_complain("%s returned in a critical region", what);
    host->critical_regions = 0;
    while (host->held_count > locks_before)
        __atomic_store_n(host->held[--host->held_count].lock, 0, __ATOMIC_RELEASE);
    host->irql = irql_before;
}

void ntsim_kernel_set_irql(KIRQL irql)
{
    kernel_this_thread()->irql = irql;
}

/* ---- attachment ---- */

kernel_attachment kernel_enter_process(kernel_object *process, kernel_object *thread, KPROCESSOR_MODE previous_mode)
{
    kernel_host_thread *host = kernel_this_thread();
    const kernel_attachment before = {host->process, host->thread, host->previous_mode};
    host->process = process;
    host->thread = thread;
    host->previous_mode = previous_mode;
    return before;
}

void kernel_leave_process(kernel_attachment before)
{
    kernel_host_thread *host = kernel_this_thread();
    host->process = before.process;
    host->thread = before.thread;
    host->previous_mode = before.previous_mode;
}

void ntsim_kernel_detach(void)
{
    kernel_host_thread *host = kernel_this_thread();
    kernel_lock();
    if (host->process != NULL)
        kernel_unpin(host->process);
    if (host->thread != NULL)
        kernel_unpin(host->thread);
    host->process = NULL;
    host->thread = NULL;
    host->previous_mode = KernelMode;
    kernel_unlock();
}

bool ntsim_kernel_attach(uint32_t pid, uint32_t tid, KPROCESSOR_MODE previous_mode)
{
    kernel_host_thread *host = kernel_this_thread();
    ntsim_kernel_detach();
    kernel_lock();
    struct ntsim_object *process = door_find(pid, DOOR_PROCESS);
    struct ntsim_object *thread = NULL;
    if (process != NULL)
        thread = tid == 0 ? door_first_thread(process) : door_find(tid, DOOR_THREAD);
    const bool found = process != NULL && (thread == NULL ? tid == 0 : door_process_of(thread) == process);
    if (found)
    {
        host->process = kernel_object_for(process, DOOR_PROCESS);
        host->thread = thread == NULL ? NULL : kernel_object_for(thread, DOOR_THREAD);
        host->previous_mode = previous_mode;
    }
    kernel_unlock();
    return found;
}

void ntsim_kernel_set_user(ntsim_user user, const void *service_sid)
{
    kernel_host_thread *host = kernel_this_thread();
    host->user = user;
    if (user == NTSIM_SERVICE_USER)
        memcpy(host->service_sid, service_sid, RtlLengthSid((PSID)(uintptr_t)service_sid));
}

static kernel_object *system_process, *system_thread;

/* System is there from boot to shutdown; its objects are pinned by the kernel itself. */
void kernel_set_system(kernel_object *process, kernel_object *thread)
{
    system_process = process;
    system_thread = thread;
}

kernel_object *kernel_current_process(void)
{
    const kernel_host_thread *host = kernel_this_thread();
    return host->process == NULL ? system_process : host->process;
}

kernel_object *kernel_current_thread(void)
{
    const kernel_host_thread *host = kernel_this_thread();
    return host->process == NULL ? system_thread : host->thread;
}
