/* What the files of the simulated kernel share. Tests include kernel.h instead. */
#ifndef TRUSTLET_NTSIM_KERNEL_INTERNAL_H
#define TRUSTLET_NTSIM_KERNEL_INTERNAL_H

#include "kernel.h"
#include "machine_door.h"

/*
 * One lock over everything the simulation knows: objects, handles, pool lists, requests, scripts. It is never held
 * while code of the driver or of a test runs. Spin locks and remove locks of the driver are not behind it.
 */
void kernel_lock(void);
/* Also finishes what became unreferenced meanwhile: a file's CLOSE is sent here, without the lock. */
void kernel_unlock(void);
/* Waits, with the lock held, for kernel_wake; false after ten seconds: whoever was waited for will not come. */
bool kernel_wait(void);
void kernel_wake(void);

void *kernel_allocate(size_t bytes); /* zeroed; ends the program when there is none */

/* ---- complaints (report.c) ---- */

void kernel_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Writes where an address is ("TlAllocate pool.c:34" where a sanitizer can tell) and answers `text`. */
const char *kernel_describe_site(const void *site, char text[static 160]);

/* ---- services (script.c) ---- */

#define CALLER __builtin_return_address(0)
extern const char *const kernel_service_names[NTSIM_SERVICE_COUNT];

/*
 * What every service does first: checks the IRQL, counts, calls a hook, and answers true if this call is to fail, with
 * the status. Not under the lock.
 */
bool kernel_enter(ntsim_service service, const void *caller, NTSTATUS *failure);
/* What a query answers once a test has had its way with it. Not under the lock. */
NTSTATUS kernel_altered(ntsim_service service, ULONG info_class, NTSTATUS status, void *buffer, ULONG length,
                        ULONG *returned);
void kernel_reset_script(void);

/* ---- host threads (thread.c) ---- */

#define KERNEL_MAX_HELD_LOCKS 16u

typedef struct kernel_held_lock
{
    PKSPIN_LOCK lock;
    const void *site;
    KIRQL old_irql;
} kernel_held_lock;

typedef struct kernel_host_thread
{
    struct kernel_host_thread *next;
    ULONG_PTR number; /* odd, never 0: what a spin lock it holds contains */
    KIRQL irql;
    KPROCESSOR_MODE previous_mode;
    bool in_hook;
    unsigned critical_regions; /* entered and not left */
    unsigned held_count;
    kernel_held_lock held[KERNEL_MAX_HELD_LOCKS];
    struct kernel_object *process; /* pinned; NULL: System */
    struct kernel_object *thread;  /* pinned */
    ntsim_user user;
    unsigned char service_sid[SECURITY_MAX_SID_SIZE];
} kernel_host_thread;

kernel_host_thread *kernel_this_thread(void);
void kernel_set_system(struct kernel_object *process, struct kernel_object *thread);
/* Under the lock: the process this host thread is in, System's when it is attached to none. */
struct kernel_object *kernel_current_process(void);
/* Under the lock; NULL when that process has no thread. */
struct kernel_object *kernel_current_thread(void);
/* Attaches to a process until kernel_leave_process; pins are the caller's to keep until then. */
typedef struct kernel_attachment
{
    struct kernel_object *process;
    struct kernel_object *thread;
    KPROCESSOR_MODE previous_mode;
} kernel_attachment;
kernel_attachment kernel_enter_process(struct kernel_object *process, struct kernel_object *thread,
                                       KPROCESSOR_MODE previous_mode);
void kernel_leave_process(kernel_attachment before);
/* After code of a driver: complains if it came back at another IRQL or with a lock. */
void kernel_check_return(const char *what, KIRQL irql_before, unsigned locks_before);
void kernel_check_threads(void);

/* ---- objects (object.c) ---- */

typedef struct kernel_handle
{
    struct kernel_object *object; /* NULL: free */
    ACCESS_MASK access;
    ULONG attributes;
    const void *site;
} kernel_handle;

typedef struct kernel_handle_table
{
    kernel_handle *entries;
    uint32_t count;
    uint32_t capacity;
} kernel_handle_table;

struct _OBJECT_TYPE
{
    const char *name;
    /* Called once nothing refers to the object. Under the lock, or, if `unlocked`, without it; frees what it owns. */
    void (*end)(struct kernel_object *object);
    bool unlocked;
    ACCESS_MASK all_access;
};

extern struct _OBJECT_TYPE kernel_process_type, kernel_thread_type, kernel_device_type, kernel_driver_type,
    kernel_file_type, kernel_key_type;

/* Header of everything a driver may hold a pointer to: the pointer is to the body. */
typedef struct kernel_object
{
    struct kernel_object *next_in_bucket;
    struct kernel_object *next_ending;
    POBJECT_TYPE type;
    void *body;
    size_t body_bytes;
    long references; /* taken by drivers */
    long handles;
    long pins; /* taken by the simulation */
    const void *site;
    struct ntsim_object *machine_object; /* processes and threads */
    kernel_handle_table handles_of;      /* processes */
    void *data;                          /* the type's own */
} kernel_object;

/* All under the lock. A new object has one pin, which is the caller's. */
kernel_object *kernel_new_object(POBJECT_TYPE type, size_t body_bytes);
/* The live object with this body, NULL when it never was or is no more. */
kernel_object *kernel_object_at(const void *body);
/* The object that stands for a process or thread of the machine; a pin on it is the caller's. */
kernel_object *kernel_object_for(struct ntsim_object *machine_object, door_kind kind);
void kernel_pin(kernel_object *object);
void kernel_unpin(kernel_object *object);
/* Lets the object go if nothing refers to it. Called after a count fell. */
void kernel_release(kernel_object *object);
/* Takes what became unreferenced; kernel_unlock ends it. */
kernel_object *kernel_take_ending(void);
void kernel_free_object(kernel_object *object);
void kernel_check_objects(void);
void kernel_describe_object(const kernel_object *object, char text[static 80]);
void kernel_empty_graveyard(void);
/* Visits every live object, under the lock. */
void kernel_each_object(void (*visit)(kernel_object *object, void *context), void *context);

/* ---- handles (handle.c); all under the lock ---- */

NTSTATUS kernel_new_handle(kernel_object *owner, kernel_object *object, ACCESS_MASK access, ULONG attributes,
                           const void *site, HANDLE *handle); /* owner NULL: the kernel's table */
bool kernel_is_kernel_handle(HANDLE handle);
/* The entry of a handle as it looks from a process; NULL. User mode never reaches the kernel's table. */
kernel_handle *kernel_find_handle(kernel_object *process, HANDLE handle, KPROCESSOR_MODE mode);
/* Frees the entry; the owner is NULL for the kernel's table. Sends no CLEANUP. */
void kernel_free_handle(kernel_object *owner, kernel_handle *entry);
/* Closes without asking; sends CLEANUP. Without the lock. */
NTSTATUS kernel_close_handle(kernel_object *process, HANDLE handle, KPROCESSOR_MODE mode);
/* Closes every handle of a process. Without the lock, the process pinned. */
void kernel_close_all_handles(kernel_object *process);
void kernel_check_kernel_handles(void);

int32_t kernel_resolve_for_query(intptr_t handle, door_kind kind, struct ntsim_object **object, uint32_t *access);

/* ---- security (se_access.c) ---- */

/* A self-relative descriptor with this DACL, malloc'ed; NULL for a DACL that is none. */
void *kernel_copy_security(const SECURITY_DESCRIPTOR *descriptor, SECURITY_INFORMATION information, ULONG *length);
bool kernel_access_allowed(const kernel_host_thread *thread, const void *security, ACCESS_MASK wanted);
bool kernel_is_sid(const void *sid, size_t room);

/* ---- I/O ---- */

typedef struct kernel_driver
{
    struct kernel_driver *next;
    DRIVER_OBJECT object;
    DRIVER_EXTENSION extension;
    char service[64];
    bool started; /* its DriverEntry returned */
    bool unloading;
} kernel_driver;

typedef struct kernel_device
{
    kernel_object *object; /* the body is the DEVICE_OBJECT with its extension */
    kernel_driver *driver;
    char name[128];
    void *security; /* self-relative; NULL: never set */
    ULONG security_length;
    bool deleted;
    const void *site;
} kernel_device;

typedef struct kernel_file
{
    kernel_object *object; /* the body is the FILE_OBJECT */
    kernel_device *device; /* pinned */
    bool opened;           /* CREATE succeeded: CLEANUP and CLOSE are due */
    ACCESS_MASK access;
    WCHAR name[64];
} kernel_file;

/* Sends CLEANUP. Without the lock. */
void kernel_file_cleanup(kernel_object *file);
/* A name as a string; false when it is too long or not ASCII. */
bool kernel_narrow(PCUNICODE_STRING name, char *text, size_t room);
/* Under the lock: what a name of the object manager's leads to. */
kernel_device *kernel_find_device(const char *name);
void kernel_check_io(void);
void kernel_reset_io(void);

typedef struct kernel_request
{
    UCHAR major;
    ULONG code;
    const void *input;
    ULONG input_length;
    void *output;
    ULONG output_length;
    KPROCESSOR_MODE requestor_mode;
    PIO_SECURITY_CONTEXT security; /* CREATE */
    ULONG_PTR information;         /* out */
    const ULONG_PTR *sender;       /* where the sender wants it, which is the request's name for a cancellation */
} kernel_request;
/* Sends a request to a file's device and waits for it. Without the lock; the file is pinned meanwhile. */
NTSTATUS kernel_send(kernel_file *file, kernel_request *request);
bool kernel_check_requests(void); /* true: there are some */
void kernel_reset_requests(void);

/* ---- pool, remove locks, registry, routines: checks and resets ---- */

void kernel_check_pool(void);
void kernel_check_remove_locks(void);
/* Memory of a driver's is freed: a remove lock in it must be at rest. Not under the lock. */
void kernel_forget_remove_locks(const void *memory, size_t bytes);
void kernel_reset_registry(void);
void kernel_reset_routines(void);

/* Services that the DDK does not declare because a driver binds them at run time, or declares them itself. */
PVOID ExAllocatePool2(UINT64 Flags, SIZE_T NumberOfBytes, ULONG Tag);
ULONGLONG PsGetProcessStartKey(PEPROCESS Process);
NTSTATUS ZwQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass,
                                   PVOID ProcessInformation, ULONG ProcessInformationLength, PULONG ReturnLength);
NTSTATUS ZwQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass, PVOID ThreadInformation,
                                  ULONG ThreadInformationLength, PULONG ReturnLength);
NTSTATUS ZwQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation, ULONG SystemInformationLength,
                                  PULONG ReturnLength);

#endif
