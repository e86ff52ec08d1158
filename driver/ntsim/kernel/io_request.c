/* Io: requests. Each IRP is completed exactly once, and is nobody's afterwards: its memory is poisoned at once. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"
#include "poison.h"

#define FENCE_BYTES 32u
#define IRP_BYTES (sizeof(IRP) + sizeof(IO_STACK_LOCATION))

/* What the I/O manager knows of a request beside its IRP, which the driver may have spoilt. */
typedef struct flight
{
    struct flight *next;
    IRP *irp; /* its one stack location follows it */
    kernel_request *request;
    kernel_file *file;
    kernel_object *process; /* all three pinned */
    kernel_object *thread;
    unsigned char *buffer; /* between two fences; NULL: none */
    size_t buffer_bytes;
    bool completed;
    bool pending; /* marked before it was completed */
    NTSTATUS status;
    const void *site; /* of the completion */
} flight;

static flight *flights; /* under the lock */
static uint32_t dispatch_pid;

static const char *major_name(UCHAR major, char text[static 32])
{
    static const struct
    {
        UCHAR major;
        const char *name;
    } names[] = {{IRP_MJ_CREATE, "CREATE"},   {IRP_MJ_CLOSE, "CLOSE"},
                 {IRP_MJ_CLEANUP, "CLEANUP"}, {IRP_MJ_DEVICE_CONTROL, "DEVICE_CONTROL"},
                 {IRP_MJ_READ, "READ"},       {IRP_MJ_WRITE, "WRITE"}};
    for (size_t i = 0; i < RTL_NUMBER_OF(names); i++)
        if (names[i].major == major)
            return names[i].name;
    (void)snprintf(text, 32, "IRP_MJ 0x%02x", major);
    return text;
}

/* ---- the system buffer ---- */

static size_t fenced_bytes(size_t bytes)
{
    return 2 * FENCE_BYTES + (bytes + 15) / 16 * 16;
}

/* METHOD_BUFFERED: the larger of the two lengths. The direct methods: the input alone. METHOD_NEITHER: none. */
static void make_buffer(flight *each)
{
    const kernel_request *request = each->request;
    const ULONG method = METHOD_FROM_CTL_CODE(request->code);
    if (request->major != IRP_MJ_DEVICE_CONTROL || method == METHOD_NEITHER)
        return;
    const bool larger_output = method == METHOD_BUFFERED && request->output_length > request->input_length;
    const size_t bytes = larger_output ? request->output_length : request->input_length;
    if (bytes == 0)
        return;
    const size_t total = fenced_bytes(bytes);
    unsigned char *start = aligned_alloc(16, total);
    if (start == NULL)
        abort();
    memset(start, NTSIM_FENCE, total);
    each->buffer = start + FENCE_BYTES;
    each->buffer_bytes = bytes;
    memset(each->buffer, NTSIM_FRESH, bytes);
    if (request->input_length != 0)
        memcpy(each->buffer, request->input, request->input_length);
    NTSIM_POISON(start, FENCE_BYTES);
    NTSIM_POISON(each->buffer + bytes, total - FENCE_BYTES - bytes);
}

static void free_buffer(flight *each)
{
    char text[32];
    if (each->buffer == NULL)
        return;
    const size_t total = fenced_bytes(each->buffer_bytes);
    unsigned char *start = each->buffer - FENCE_BYTES;
    NTSIM_UNPOISON(start, total);
    if (!ntsim_holds_only(start, FENCE_BYTES, NTSIM_FENCE) ||
        !ntsim_holds_only(each->buffer + each->buffer_bytes, total - FENCE_BYTES - each->buffer_bytes, NTSIM_FENCE))
        kernel_complain("the system buffer of %zu bytes of a %s was written beyond its end or its start",
                        each->buffer_bytes, major_name(each->request->major, text));
    if (each->completed && !ntsim_holds_only(each->buffer, each->buffer_bytes, NTSIM_FREED))
        kernel_complain("the system buffer was written to after the request was completed");
    free(start);
    each->buffer = NULL;
}

/* ---- completion ---- */

static flight *find(const IRP *irp)
{
    flight *each = flights;
    while (each != NULL && each->irp != irp)
        each = each->next;
    return each;
}

/* Copies what the driver says it wrote to whom the request came from. */
static void copy_output(flight *each)
{
    char text[32];
    kernel_request *request = each->request;
    ULONG_PTR information = each->irp->IoStatus.Information;
    if (request->major == IRP_MJ_DEVICE_CONTROL && !NT_ERROR(each->status) && information > request->output_length)
    {
        kernel_complain("a %s completed with %llu bytes of information, the output has room for %u",
                        major_name(request->major, text), (unsigned long long)information, request->output_length);
        information = request->output_length;
    }
    if (request->major == IRP_MJ_DEVICE_CONTROL && !NT_ERROR(each->status) && each->buffer != NULL &&
        information != 0 && METHOD_FROM_CTL_CODE(request->code) == METHOD_BUFFERED)
        memcpy(request->output, each->buffer, information);
    request->information = information;
}

VOID IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    NTSTATUS status;
    char where[160];
    char text[32];
    (void)PriorityBoost;
    (void)kernel_enter(NTSIM_IofCompleteRequest, CALLER, &status);
    kernel_lock();
    flight *each = find(Irp);
    if (each == NULL || each->completed)
    {
        kernel_complain("%s, from %s",
                        each == NULL ? "IofCompleteRequest of what is no request" : "a request is completed twice",
                        kernel_describe_site(CALLER, where));
        kernel_unlock();
        return;
    }
    each->status = Irp->IoStatus.Status;
    each->pending = (IoGetCurrentIrpStackLocation(Irp)->Control & SL_PENDING_RETURNED) != 0;
    each->site = CALLER;
    if (each->status == STATUS_PENDING)
        kernel_complain("a %s completed with STATUS_PENDING, from %s", major_name(each->request->major, text),
                        kernel_describe_site(CALLER, where));
    if (Irp->CancelRoutine != NULL)
        kernel_complain("a %s completed with a cancel routine set", major_name(each->request->major, text));
    copy_output(each);
    each->completed = true;
    memset(Irp, NTSIM_FREED, IRP_BYTES);
    NTSIM_POISON(Irp, IRP_BYTES);
    if (each->buffer != NULL)
    {
        memset(each->buffer, NTSIM_FREED, each->buffer_bytes);
        NTSIM_POISON(each->buffer, each->buffer_bytes);
    }
    kernel_wake();
    kernel_unlock();
}

PEPROCESS IoGetRequestorProcess(PIRP Irp)
{
    NTSTATUS status;
    char where[160];
    PEPROCESS process = NULL;
    if (kernel_enter(NTSIM_IoGetRequestorProcess, CALLER, &status))
        return NULL;
    kernel_lock();
    const flight *each = find(Irp);
    if (each == NULL || each->completed)
        kernel_complain("IoGetRequestorProcess of a request that is over, from %s",
                        kernel_describe_site(CALLER, where));
    else
        process = each->process->body;
    kernel_unlock();
    return process;
}

/* ---- sending ---- */

static flight *take_off(kernel_file *file, kernel_request *request)
{
    flight *each = kernel_allocate(sizeof *each);
    each->irp = kernel_allocate(IRP_BYTES);
    each->file = file;
    each->request = request;
    make_buffer(each);
    IRP *irp = each->irp;
    IO_STACK_LOCATION *stack = (IO_STACK_LOCATION *)(void *)(irp + 1);
    irp->Type = 6;
    irp->Size = IRP_BYTES;
    irp->AssociatedIrp.SystemBuffer = each->buffer;
    irp->RequestorMode = request->requestor_mode;
    irp->StackCount = 1;
    irp->CurrentLocation = 1;
    irp->Tail.Overlay.CurrentStackLocation = stack;
    irp->Tail.Overlay.OriginalFileObject = file->object->body;
    stack->MajorFunction = request->major;
    stack->DeviceObject = file->device->object->body;
    stack->FileObject = file->object->body;
    if (request->major == IRP_MJ_CREATE)
        stack->Parameters.Create.SecurityContext = request->security;
    else if (request->major == IRP_MJ_DEVICE_CONTROL)
    {
        stack->Parameters.DeviceIoControl.IoControlCode = request->code;
        stack->Parameters.DeviceIoControl.InputBufferLength = request->input_length;
        stack->Parameters.DeviceIoControl.OutputBufferLength = request->output_length;
        if (METHOD_FROM_CTL_CODE(request->code) == METHOD_NEITHER)
        {
            stack->Parameters.DeviceIoControl.Type3InputBuffer = (PVOID)(uintptr_t)request->input;
            irp->UserBuffer = request->output;
        }
    }
    kernel_lock();
    each->process = kernel_current_process();
    each->thread = kernel_current_thread();
    kernel_pin(file->object);
    kernel_pin(each->process);
    if (each->thread != NULL)
    {
        kernel_pin(each->thread);
        irp->Tail.Overlay.Thread = each->thread->body;
    }
    each->next = flights;
    flights = each;
    kernel_unlock();
    return each;
}

/* What a dispatch routine returned must fit what it did with the request. Under the lock. */
static void judge(flight *each, NTSTATUS returned)
{
    char text[32];
    const char *name = major_name(each->request->major, text);
    bool patient = true;
    if (!each->completed)
        each->pending = (IoGetCurrentIrpStackLocation(each->irp)->Control & SL_PENDING_RETURNED) != 0;
    if (each->pending != (returned == STATUS_PENDING))
        kernel_complain("the dispatch routine of %s returned 0x%08x and %s the request pending", name, (ULONG)returned,
                        each->pending ? "marked" : "did not mark");
    while (each->pending && !each->completed && patient)
        patient = kernel_wait();
    if (!each->completed)
    {
        kernel_complain("a %s was never completed", name);
        each->status = STATUS_UNSUCCESSFUL;
    }
    else if (!each->pending && returned != STATUS_PENDING && each->status != returned)
        kernel_complain("the dispatch routine of %s returned 0x%08x and completed the request with 0x%08x", name,
                        (ULONG)returned, (ULONG)each->status);
}

static void land(flight *each)
{
    flight **link = &flights;
    while (*link != each)
        link = &(*link)->next;
    *link = each->next;
    NTSIM_UNPOISON(each->irp, IRP_BYTES);
    if (each->completed && !ntsim_holds_only((unsigned char *)each->irp, IRP_BYTES, NTSIM_FREED))
        kernel_complain("a request was written to after it was completed");
    if (each->buffer != NULL)
        NTSIM_UNPOISON(each->buffer, each->buffer_bytes);
    free_buffer(each);
    free(each->irp);
    kernel_unpin(each->file->object);
    kernel_unpin(each->process);
    if (each->thread != NULL)
        kernel_unpin(each->thread);
    free(each);
}

NTSTATUS kernel_send(kernel_file *file, kernel_request *request)
{
    char text[32];
    char what[64];
    DEVICE_OBJECT *device = file->device->object->body;
    flight *each = take_off(file, request);
    kernel_object *elsewhere = NULL;
    kernel_lock();
    if (request->major == IRP_MJ_DEVICE_CONTROL && dispatch_pid != 0)
    {
        struct ntsim_object *found = door_find(dispatch_pid, DOOR_PROCESS);
        elsewhere = found == NULL ? NULL : kernel_object_for(found, DOOR_PROCESS);
    }
    kernel_unlock();
    kernel_host_thread *host = kernel_this_thread();
    const unsigned locks = host->held_count;
    const KIRQL irql = host->irql;
    kernel_attachment before = {NULL, NULL, KernelMode};
    if (elsewhere != NULL)
        before = kernel_enter_process(elsewhere, NULL, KernelMode);
    const NTSTATUS returned = device->DriverObject->MajorFunction[request->major](device, each->irp);
    (void)snprintf(what, sizeof what, "the dispatch routine of %s", major_name(request->major, text));
    kernel_check_return(what, irql, locks);
    if (elsewhere != NULL)
        kernel_leave_process(before);
    kernel_lock();
    judge(each, returned);
    const NTSTATUS status = each->status;
    land(each);
    if (elsewhere != NULL)
        kernel_unpin(elsewhere);
    kernel_unlock();
    return status;
}

/* ---- what tests see and change of requests in flight ---- */

void ntsim_kernel_cancel_requests(uint32_t pid)
{
    kernel_lock();
    for (flight *each = flights; each != NULL; each = each->next)
        if (!each->completed && door_id(each->process->machine_object) == pid)
            each->irp->Cancel = TRUE;
    kernel_unlock();
}

bool ntsim_kernel_cancel_request(const ULONG_PTR *information)
{
    bool found = false;
    kernel_lock();
    for (flight *each = flights; each != NULL; each = each->next)
        if (!each->completed && each->request->sender == information)
        {
            each->irp->Cancel = TRUE;
            found = true;
        }
    kernel_unlock();
    return found;
}

size_t ntsim_kernel_requests_in_flight(void)
{
    size_t count = 0;
    kernel_lock();
    for (const flight *each = flights; each != NULL; each = each->next)
        count++;
    kernel_unlock();
    return count;
}

void ntsim_kernel_dispatch_in(uint32_t pid)
{
    kernel_lock();
    dispatch_pid = pid;
    kernel_unlock();
}

bool kernel_check_requests(void)
{
    char text[32];
    kernel_lock();
    for (const flight *each = flights; each != NULL; each = each->next)
        kernel_complain("a %s is still in flight", major_name(each->request->major, text));
    const bool any = flights != NULL;
    kernel_unlock();
    return any;
}

void kernel_reset_requests(void)
{
    dispatch_pid = 0;
}
