/* What a test wants of single calls: faults, hooks, counts, and the sweep over fault sites. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define SERVICE_NAME(name, irql, failure) #name,
const char *const kernel_service_names[NTSIM_SERVICE_COUNT] = {NTSIM_SERVICES(SERVICE_NAME)};
#define SERVICE_IRQL(name, irql, failure) (irql),
static const KIRQL highest_irql[NTSIM_SERVICE_COUNT] = {NTSIM_SERVICES(SERVICE_IRQL)};
#define SERVICE_FAILURE(name, irql, failure) (failure),
static const NTSTATUS sweep_failure[NTSIM_SERVICE_COUNT] = {NTSIM_SERVICES(SERVICE_FAILURE)};

#define MAX_RULES 64u

typedef struct rule
{
    ntsim_service service;
    uint32_t nth;
    uint32_t matched;
    ntsim_hook *hook; /* one of the two, or neither: a fault */
    ntsim_alter *alter;
    void *context;
    NTSTATUS status;
    int32_t info_class; /* of an alteration */
} rule;

#define SITE_DEPTH 4u

/* A call by a helper that several functions share is several sites: callers' callers count, too. */
typedef struct fault_site
{
    ntsim_service service;
    const void *callers[SITE_DEPTH];
} fault_site;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t calls[NTSIM_SERVICE_COUNT]; /* atomic */
static bool active;                         /* atomic: there are rules, or a sweep runs */
static rule rules[MAX_RULES];
static unsigned rule_count;
static bool sweeping;
static bool site_hit;
static char site_name[224];
static fault_site *sites;
static size_t site_count;
static size_t site_capacity;

static void set_active(void)
{
    __atomic_store_n(&active, sweeping || rule_count != 0, __ATOMIC_RELEASE);
}

static void add_rule(rule added)
{
    (void)pthread_mutex_lock(&mutex);
    if (rule_count == MAX_RULES)
    {
        (void)fprintf(stderr, "ntsim: more than %u faults and hooks\n", MAX_RULES);
        abort();
    }
    rules[rule_count++] = added;
    set_active();
    (void)pthread_mutex_unlock(&mutex);
}

void ntsim_kernel_fail(ntsim_service service, uint32_t nth, NTSTATUS status)
{
    add_rule((rule){.service = service, .nth = nth, .status = status});
}

void ntsim_kernel_hook(ntsim_service service, uint32_t nth, ntsim_hook *hook, void *context)
{
    add_rule((rule){.service = service, .nth = nth, .hook = hook, .context = context});
}

void ntsim_kernel_alter_query(ntsim_service service, int32_t info_class, uint32_t nth, ntsim_alter *alter,
                              void *context)
{
    add_rule((rule){.service = service, .nth = nth, .alter = alter, .context = context, .info_class = info_class});
}

void ntsim_kernel_clear_script(void)
{
    (void)pthread_mutex_lock(&mutex);
    rule_count = 0;
    set_active();
    (void)pthread_mutex_unlock(&mutex);
    kernel_lock();
    door_clear_faults();
    kernel_unlock();
}

uint64_t ntsim_kernel_calls(ntsim_service service)
{
    return __atomic_load_n(&calls[service], __ATOMIC_RELAXED);
}

void kernel_reset_script(void)
{
    (void)pthread_mutex_lock(&mutex);
    rule_count = 0;
    set_active();
    (void)pthread_mutex_unlock(&mutex);
    for (unsigned i = 0; i < NTSIM_SERVICE_COUNT; i++)
        __atomic_store_n(&calls[i], 0, __ATOMIC_RELAXED);
}

/*
 * The return addresses above the service whose frame this is, by the chain of frame pointers that build-host.mjs keeps.
 * What is no frame of this thread's stack ends it: the host's own start code has no such chain.
 */
static void walk(const void *const *frame, fault_site *site)
{
    const uintptr_t bottom = (uintptr_t)frame;
    for (unsigned depth = 0; depth < SITE_DEPTH; depth++)
    {
        site->callers[depth] = frame[1];
        const uintptr_t next = (uintptr_t)frame[0];
        if (next <= (uintptr_t)frame || next % sizeof(void *) != 0 || next - bottom > 0x10000)
            return;
        frame = (const void *const *)next;
    }
}

/* Under the mutex: is this a site nobody has seen, in a pass in which nothing failed yet? */
static bool fails_in_sweep(ntsim_service service, const void *caller, const void *const *service_frame)
{
    char where[160];
    fault_site site = {.service = service};
    if (!sweeping || site_hit || sweep_failure[service] == NTSIM_NEVER)
        return false;
    walk(service_frame, &site);
    for (size_t i = 0; i < site_count; i++)
        if (memcmp(&sites[i], &site, sizeof site) == 0)
            return false;
    if (site_count == site_capacity)
    {
        site_capacity = site_capacity == 0 ? 128 : site_capacity * 2;
        sites = realloc(sites, site_capacity * sizeof *sites);
        if (sites == NULL)
            abort();
    }
    sites[site_count++] = site;
    site_hit = true;
    (void)snprintf(site_name, sizeof site_name, "%s from %s", kernel_service_names[service],
                   kernel_describe_site(caller, where));
    return true;
}

bool ntsim_next_fault_site(void)
{
    (void)pthread_mutex_lock(&mutex);
    const bool first = !sweeping;
    sweeping = first || site_hit;
    if (!sweeping)
    {
        free(sites);
        sites = NULL;
        site_count = 0;
        site_capacity = 0;
    }
    site_hit = false;
    site_name[0] = 0;
    set_active();
    const bool again = sweeping;
    (void)pthread_mutex_unlock(&mutex);
    return again;
}

bool ntsim_fault_site_hit(void)
{
    (void)pthread_mutex_lock(&mutex);
    const bool hit = site_hit;
    (void)pthread_mutex_unlock(&mutex);
    return hit;
}

const char *ntsim_fault_site_name(void)
{
    return site_name;
}

/* Runs the hooks of a call, without any lock. */
static void run_hooks(kernel_host_thread *host, ntsim_service service)
{
    rule due[MAX_RULES];
    unsigned due_count = 0;
    (void)pthread_mutex_lock(&mutex);
    for (unsigned i = 0; i < rule_count; i++)
    {
        rule *each = &rules[i];
        if (each->service == service && each->hook != NULL && (++each->matched == each->nth || each->nth == 0))
            due[due_count++] = *each;
    }
    (void)pthread_mutex_unlock(&mutex);
    host->in_hook = true;
    for (unsigned i = 0; i < due_count; i++)
        due[i].hook(due[i].context);
    host->in_hook = false;
}

static bool fails(ntsim_service service, const void *caller, const void *const *service_frame, NTSTATUS *failure)
{
    bool failed = false;
    (void)pthread_mutex_lock(&mutex);
    for (unsigned i = 0; i < rule_count; i++)
    {
        rule *each = &rules[i];
        if (each->service != service || each->hook != NULL || each->alter != NULL)
            continue;
        each->matched++;
        if (!failed && (each->nth == 0 || each->nth == each->matched))
        {
            failed = true;
            *failure = each->status;
        }
    }
    if (!failed && fails_in_sweep(service, caller, service_frame))
    {
        failed = true;
        *failure = sweep_failure[service];
    }
    (void)pthread_mutex_unlock(&mutex);
    return failed;
}

NTSTATUS kernel_altered(ntsim_service service, ULONG info_class, NTSTATUS status, void *buffer, ULONG length,
                        ULONG *returned)
{
    rule due = {.alter = NULL};
    if (!__atomic_load_n(&active, __ATOMIC_ACQUIRE) || kernel_this_thread()->in_hook)
        return status;
    (void)pthread_mutex_lock(&mutex);
    for (unsigned i = 0; i < rule_count; i++)
    {
        rule *each = &rules[i];
        if (each->service == service && each->alter != NULL &&
            (each->info_class == -1 || each->info_class == (int32_t)info_class) &&
            (++each->matched == each->nth || each->nth == 0))
            due = *each;
    }
    (void)pthread_mutex_unlock(&mutex);
    return due.alter == NULL ? status : due.alter(due.context, status, buffer, length, returned);
}

bool kernel_enter(ntsim_service service, const void *caller, NTSTATUS *failure)
{
    kernel_host_thread *host = kernel_this_thread();
    if (host->in_hook)
        return false;
    (void)__atomic_add_fetch(&calls[service], 1, __ATOMIC_RELAXED);
    if (host->irql > highest_irql[service])
    {
        char where[160];
        kernel_complain("%s called at IRQL %u, allowed up to %u, from %s", kernel_service_names[service], host->irql,
                        highest_irql[service], kernel_describe_site(caller, where));
    }
    if (!__atomic_load_n(&active, __ATOMIC_ACQUIRE))
        return false;
    run_hooks(host, service);
    const void *const *own_frame = __builtin_frame_address(0);
    return fails(service, caller, own_frame[0], failure);
}
