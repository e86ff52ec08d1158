/*
 * How a test drives the simulated kernel that the driver's C runs on: boots it, attaches host threads to its processes,
 * loads drivers, opens and uses their devices as a user process would, lets services fail, and asks at the end what
 * went wrong. There is one kernel at a time; every function may be called from any thread unless it says otherwise.
 *
 * Everything here follows Windows as facts/nt.md tells it. It shows that the driver agrees with those facts, not that
 * Windows does.
 */
#ifndef TRUSTLET_NTSIM_KERNEL_H
#define TRUSTLET_NTSIM_KERNEL_H

#include <ntifs.h>
#include <stdbool.h>

#include "../table.h"
#include "services.h"

/* ---- boot and check ---- */

/* What the machine is. */
typedef struct ntsim_system
{
    uint32_t build;
    uint32_t bits;     /* NTSIM_SYSTEM_* */
    uint32_t policies; /* NTSIM_POLICY_* */
    uint32_t churn;    /* NTSIM_CHURN_* */
    bool knows_no_ium; /* class 165 is STATUS_INVALID_INFO_CLASS */
} ntsim_system;

/* Windows 11 24H2 with VSM, and a kernel that shows the secure bit. */
#define NTSIM_WINDOWS_11                                                                                               \
    {                                                                                                                  \
        .build = 26100, .bits = NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_HYPERVISOR | NTSIM_SYSTEM_SECURE_BIT                   \
    }

/* A process. Ids are multiples of 4 below 0x100000; members left out are 0: an ordinary process without threads. */
typedef struct ntsim_program
{
    uint32_t pid;
    uint32_t parent_pid;
    uint32_t session_id;
    const char *name; /* ASCII; NULL: none */
    uint32_t threads; /* up to 16; their ids: NTSIM_TID */
    bool secure;      /* a trustlet: its PEB comes from a secure call, and bit 7 is set where the system shows it */
    uint32_t flags;   /* further bits of the Flags word */
    uint32_t state;   /* further NTSIM_PROCESS_* bits: EXITING, VOLATILE, PSEUDO */
    uint8_t protection;
    uint8_t classification;
    uint64_t create_time;     /* 0: a time of its own, later than that of the program before it */
    uint64_t sequence_number; /* 0: likewise. NTSIM_ABSENT: the kernel has none, and no start key */
    uint32_t denied_access;   /* bits that no user-mode open of the process or its threads may get */
} ntsim_program;

#define NTSIM_ABSENT UINT64_MAX
/* The index-th thread of a process that was there at boot. */
#define NTSIM_TID(pid, index) (0x100000u + (uint32_t)(pid)*16u + (uint32_t)(index)*4u)

/*
 * Boots with Idle (pid 0), System (pid 4) and these processes. Stops the test program if the programs contradict each
 * other. The host thread then is one of System's, in kernel mode.
 */
void ntsim_kernel_boot(const ntsim_system *system, const ntsim_program *programs, size_t count);
/* Boots from a table as lib/testing/scenario-table.ts writes it. False when it is refused. */
bool ntsim_kernel_boot_table(const void *table, uint32_t length);

/*
 * Looks for everything that is still held: pool blocks, references, kernel handles, locks, requests, loaded drivers,
 * devices and links; writes one line `# ...` for each and for every rule that was broken since boot, and answers how
 * many there were. What it found is given back, so that a second call answers 0.
 */
size_t ntsim_kernel_check(void);
/*
 * For tests of rules: true if a complaint contains the text; those that do are struck off. Searches as
 * ntsim_kernel_check does only if no broken rule has the text.
 */
bool ntsim_kernel_expect(const char *text);
/* Ends the machine. Call ntsim_kernel_check before; other host threads must have detached or ended. */
void ntsim_kernel_shutdown(void);

/* ---- host threads ---- */

/*
 * This host thread becomes a thread of a process, which calls with this previous mode (UserMode: an application's
 * call). tid 0: the process's first one. Attaching again replaces the first; false when there is none such. Its user
 * has the groups given last with ntsim_kernel_set_user, at first NTSIM_ADMINISTRATOR.
 */
bool ntsim_kernel_attach(uint32_t pid, uint32_t tid, KPROCESSOR_MODE previous_mode);
void ntsim_kernel_detach(void);
/* Who this host thread's user is, for the access check of an open. */
typedef enum ntsim_user
{
    NTSIM_ADMINISTRATOR,
    NTSIM_LOCAL_SYSTEM,
    NTSIM_PLAIN_USER,
    NTSIM_SERVICE_USER /* a plain user with the service SID below */
} ntsim_user;
void ntsim_kernel_set_user(ntsim_user user, const void *service_sid);
/* IRQL of this host thread, to be set by tests of IRQL rules. */
void ntsim_kernel_set_irql(KIRQL irql);
/* Critical regions that this host thread has entered and not left: in none of them could it be suspended. */
unsigned ntsim_kernel_critical_regions(void);

/* ---- what happens to processes ---- */

/* Ends a process: its handles are closed (CLEANUP and CLOSE included), its requests cancelled. False: none such. */
bool ntsim_kernel_exit_process(uint32_t pid);
bool ntsim_kernel_exit_thread(uint32_t tid);
/* The Deleting bit is set from now on. */
bool ntsim_kernel_mark_exiting(uint32_t pid);
/*
 * Starts a process. The kernel gives it its times, its sequence number and its thread ids; those of the program do not
 * count. False: its pid is taken.
 */
bool ntsim_kernel_start_process(const ntsim_program *program);
/* The id of a process's index-th running thread; 0: none such. */
uint32_t ntsim_kernel_thread_of(uint32_t pid, uint32_t index);
/* The pid's process ends if it runs, and another one gets its pid. False while something still refers to the old one.
 */
bool ntsim_kernel_reuse_pid(uint32_t pid, const ntsim_program *program);
void ntsim_kernel_set_churn(uint32_t churn);

/* ---- user handles: of the process this host thread is attached to ---- */

/* NtOpenProcess, NtOpenThread. A handle of exactly the rights asked for, and those they imply. */
NTSTATUS ntsim_kernel_open_process(uint32_t pid, ACCESS_MASK access, HANDLE *handle);
NTSTATUS ntsim_kernel_open_thread(uint32_t tid, ACCESS_MASK access, HANDLE *handle);
/* NtClose from user mode; sends CLEANUP and CLOSE where it was a file's last handle. */
NTSTATUS ntsim_kernel_close(HANDLE handle);
NTSTATUS ntsim_kernel_duplicate(HANDLE handle, uint32_t target_pid, HANDLE *target);

/* ---- faults, hooks, counts ---- */

/* A service fails with a status (or with NULL): its n-th call from now, 1 being the next; 0: every call. */
void ntsim_kernel_fail(ntsim_service service, uint32_t nth, NTSTATUS status);
/* A query fails: service NTSIM_ZwQuery...; info_class -1: any; pid 0: any; nth as above. */
void ntsim_kernel_fail_query(ntsim_service service, int32_t info_class, uint32_t pid, uint32_t nth, NTSTATUS status);
/* The secure call behind the basic information of a trustlet fails (facts/nt.md 1.3). */
void ntsim_kernel_fail_secure_call(uint32_t pid, NTSTATUS status);
/* Calls this before the service does anything, in its caller's thread; nth as above. Calls it makes are not hooked. */
typedef void ntsim_hook(void *context);
void ntsim_kernel_hook(ntsim_service service, uint32_t nth, ntsim_hook *hook, void *context);
/*
 * Lets a test change what a query answers, after the kernel has answered: the bytes, the return length (`returned` is
 * the caller's, or NULL) and the status, which is its result. info_class -1: any; nth as above, over the matching
 * queries.
 */
typedef NTSTATUS ntsim_alter(void *context, NTSTATUS status, void *buffer, ULONG length, ULONG *returned);
void ntsim_kernel_alter_query(ntsim_service service, int32_t info_class, uint32_t nth, ntsim_alter *alter,
                              void *context);
/* Removes faults, hooks and alterations. */
void ntsim_kernel_clear_script(void);
uint64_t ntsim_kernel_calls(ntsim_service service);

/*
 * Lets each call site that can fail, fail once: `while (ntsim_next_fault_site()) scenario();`. In each pass the first
 * site (service and the four callers above it) not seen before fails; false after a pass that found none, and
 * everything is forgotten.
 */
bool ntsim_next_fault_site(void);
/* In the current pass: has a call been made to fail, and where ("ZwClose from file.c:12"). */
bool ntsim_fault_site_hit(void);
const char *ntsim_fault_site_name(void);

/* What MmGetSystemRoutineAddress finds: with false it is NULL, as in Wine or in an older Windows. */
void ntsim_kernel_provide_routine(const char *name, bool provided);
/* Pool blocks allocated and not freed. */
size_t ntsim_kernel_pool_blocks(void);
/* Bytes a registry value has. REG_*; the key is the full path, \Registry\Machine\... */
void ntsim_kernel_set_registry_value(const char *key, const char *value, ULONG type, const void *data, ULONG length);

/* ---- drivers and devices ---- */

/*
 * Loads a driver: calls its entry as System, with \Registry\Machine\System\CurrentControlSet\Services\<service>. The
 * entry's status is the answer; on failure whatever it left behind is complained of.
 */
NTSTATUS ntsim_kernel_load_driver(const char *service, PDRIVER_INITIALIZE entry, PDRIVER_OBJECT *driver);
/* STATUS_DEVICE_BUSY while a file of one of its devices is open; STATUS_INVALID_DEVICE_REQUEST without DriverUnload. */
NTSTATUS ntsim_kernel_unload_driver(PDRIVER_OBJECT driver);

/* CreateFile of a path such as \\.\Trustlet, with the access check of the device's DACL for this thread's user. */
NTSTATUS ntsim_kernel_open(const char *path, ACCESS_MASK access, HANDLE *file);
/*
 * DeviceIoControl: waits for the completion. METHOD_BUFFERED: the system buffer has red zones, and bytes of it that no
 * input covers hold 0xCD, so that what a driver leaves there shows up in the output. The output is only written as far
 * as Information says, and not at all when the status is an error.
 */
NTSTATUS ntsim_kernel_ioctl(HANDLE file, ULONG code, const void *input, ULONG input_length, void *output,
                            ULONG output_length, ULONG_PTR *information);
/* Any other request: IRP_MJ_READ, IRP_MJ_WRITE... */
NTSTATUS ntsim_kernel_request(HANDLE file, UCHAR major);
/*
 * Sets Irp->Cancel of every request that the process has in flight, as CancelIoEx and CancelSynchronousIo do. The end of
 * a process does not: a thread in a dispatch routine comes out of it first.
 */
void ntsim_kernel_cancel_requests(uint32_t pid);
/* Likewise of the one whose length goes to `information`, as CancelIoEx for an OVERLAPPED; false: there is none, or it is over. */
bool ntsim_kernel_cancel_request(const ULONG_PTR *information);
size_t ntsim_kernel_requests_in_flight(void);
/* From now on requests are dispatched in another process's context, as behind a filter that queues; 0: the sender's. */
void ntsim_kernel_dispatch_in(uint32_t pid);
/* The device's security descriptor, self-relative; answers its length, 0: never set, or no such device. */
ULONG ntsim_kernel_device_security(const char *device, void *buffer, ULONG length);

#endif
