#include "mini_driver.h"

#include <sched.h>

mini_mistake mini_mistake_made;
bool mini_secure_open = true;

static char arrivals[64]; /* each byte atomic */
static unsigned arrival_count;
static int waiting;
static int let_go;
static PIRP pending;
static KSPIN_LOCK kept;

static void arrive(char letter)
{
    const unsigned index = __atomic_fetch_add(&arrival_count, 1, __ATOMIC_SEQ_CST);
    if (index < sizeof arrivals - 1)
        __atomic_store_n(&arrivals[index], letter, __ATOMIC_SEQ_CST);
}

const char *mini_log(void)
{
    return arrivals;
}

int mini_waiting(void)
{
    return __atomic_load_n(&waiting, __ATOMIC_SEQ_CST);
}

void mini_let_go(void)
{
    __atomic_store_n(&let_go, 1, __ATOMIC_SEQ_CST);
}

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS create(PDEVICE_OBJECT device, PIRP irp)
{
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    arrive('O');
    if (mini_mistake_made == MINI_REFUSES_CREATE)
        return complete(irp, STATUS_ACCESS_DENIED, 0);
    if (mini_mistake_made == MINI_REFERENCES_FILE)
        ObReferenceObject(file);
    file->FsContext = device->DeviceExtension;
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS cleanup(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    arrive('U');
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS close(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    arrive('C');
    if (mini_mistake_made == MINI_REFERENCES_FILE_IN_CLOSE)
        ObReferenceObject(IoGetCurrentIrpStackLocation(irp)->FileObject);
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS read(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    arrive('R');
    return complete(irp, STATUS_END_OF_FILE, 0);
}

static NTSTATUS who(PIRP irp)
{
    uint64_t *answer = irp->AssociatedIrp.SystemBuffer;
    answer[0] = (uintptr_t)PsGetCurrentProcessId();
    answer[1] = (uintptr_t)PsGetProcessId(IoGetRequestorProcess(irp));
    answer[2] = (uint64_t)irp->RequestorMode;
    answer[3] = irp->Cancel;
    return complete(irp, STATUS_SUCCESS, 32);
}

static NTSTATUS wait(PIRP irp)
{
    (void)__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&let_go, __ATOMIC_SEQ_CST) == 0 && !irp->Cancel)
        (void)sched_yield();
    (void)__atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    return complete(irp, irp->Cancel ? STATUS_CANCELLED : STATUS_SUCCESS, 0);
}

static NTSTATUS pend(PIRP irp)
{
    IoMarkIrpPending(irp);
    pending = irp;
    (void)__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    return STATUS_PENDING;
}

void mini_complete_pending(void)
{
    (void)__atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    (void)complete(pending, STATUS_SUCCESS, 0);
}

__attribute__((noinline)) static void *helper(void)
{
    return ExAllocatePoolWithTag(NonPagedPoolNx, 8, TAG);
}

__attribute__((noinline)) static NTSTATUS first_way(void)
{
    void *block = helper();
    if (block == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    ExFreePoolWithTag(block, TAG);
    return STATUS_SUCCESS;
}

__attribute__((noinline)) static NTSTATUS second_way(void)
{
    void *block = helper();
    if (block == NULL)
        return STATUS_NO_MEMORY;
    ExFreePoolWithTag(block, TAG);
    return STATUS_SUCCESS;
}

static void cancel(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    (void)irp;
}

/* The mistakes of a request that is answered. */
MISTAKEN static NTSTATUS echo(PIRP irp, ULONG input_length, ULONG output_length)
{
    unsigned char *buffer = irp->AssociatedIrp.SystemBuffer;
    const ULONG_PTR length = input_length < output_length ? input_length : output_length;
    switch (mini_mistake_made)
    {
    case MINI_COMPLETES_TWICE:
        (void)complete(irp, STATUS_SUCCESS, length);
        IoCompleteRequest(irp, IO_NO_INCREMENT);
        return STATUS_SUCCESS;
    case MINI_NEVER_COMPLETES:
        return STATUS_SUCCESS;
    case MINI_COMPLETES_AS_PENDING:
        (void)complete(irp, STATUS_PENDING, 0);
        return STATUS_PENDING;
    case MINI_RETURNS_ANOTHER_STATUS:
        (void)complete(irp, STATUS_SUCCESS, length);
        return STATUS_UNSUCCESSFUL;
    case MINI_RETURNS_PENDING_UNMARKED:
        (void)complete(irp, STATUS_SUCCESS, length);
        return STATUS_PENDING;
    case MINI_TELLS_TOO_MUCH:
        return complete(irp, STATUS_SUCCESS, output_length + 1);
    case MINI_WRITES_PAST_BUFFER:
        buffer[input_length > output_length ? input_length : output_length] = 1;
        return complete(irp, STATUS_SUCCESS, length);
    case MINI_TOUCHES_IRP_AFTERWARDS:
        (void)complete(irp, STATUS_SUCCESS, length);
        irp->IoStatus.Information = 0;
        return STATUS_SUCCESS;
    case MINI_TOUCHES_BUFFER_AFTERWARDS:
        (void)complete(irp, STATUS_SUCCESS, length);
        buffer[0] = 1;
        return STATUS_SUCCESS;
    case MINI_ASKS_REQUESTOR_AFTERWARDS:
        (void)complete(irp, STATUS_SUCCESS, length);
        (void)IoGetRequestorProcess(irp);
        return STATUS_SUCCESS;
    case MINI_KEEPS_CANCEL_ROUTINE:
        irp->CancelRoutine = cancel;
        return complete(irp, STATUS_SUCCESS, length);
    case MINI_KEEPS_LOCK:
        (void)KeAcquireSpinLockRaiseToDpc(&kept);
        return complete(irp, STATUS_SUCCESS, length);
    case MINI_STAYS_RAISED:
        (void)KfRaiseIrql(DISPATCH_LEVEL);
        return complete(irp, STATUS_SUCCESS, length);
    default:
        return complete(irp, STATUS_SUCCESS, length);
    }
}

static NTSTATUS control(PDEVICE_OBJECT device, PIRP irp)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    const ULONG input_length = stack->Parameters.DeviceIoControl.InputBufferLength;
    const ULONG output_length = stack->Parameters.DeviceIoControl.OutputBufferLength;
    NTSTATUS status = STATUS_SUCCESS;
    (void)device;
    arrive('I');
    switch (stack->Parameters.DeviceIoControl.IoControlCode)
    {
    case MINI_ECHO:
    case MINI_WRITE:
        return echo(irp, input_length, output_length);
    case MINI_STATUS:
        memcpy(&status, irp->AssociatedIrp.SystemBuffer, sizeof status);
        return complete(irp, status, output_length);
    case MINI_WHO:
        return who(irp);
    case MINI_WAIT:
        return wait(irp);
    case MINI_PEND:
        return pend(irp);
    case MINI_ALLOCATE:
        status = first_way();
        return complete(irp, NT_SUCCESS(status) ? second_way() : status, 0);
    default:
        return complete(
            irp, irp->AssociatedIrp.SystemBuffer == NULL ? STATUS_INVALID_DEVICE_REQUEST : STATUS_NOT_SUPPORTED, 0);
    }
}

static UNICODE_STRING name_of(PCWSTR text)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, text);
    return name;
}

static void unload(PDRIVER_OBJECT driver)
{
    UNICODE_STRING link = name_of(L"\\DosDevices\\Mini");
    if (mini_mistake_made != MINI_UNLOAD_LEAVES_LINK)
        (void)IoDeleteSymbolicLink(&link);
    if (mini_mistake_made != MINI_UNLOAD_LEAVES_DEVICE && mini_mistake_made != MINI_UNLOAD_LEAVES_LINK)
        IoDeleteDevice(driver->DeviceObject);
}

static NTSTATUS entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
    UNICODE_STRING name = name_of(L"\\Device\\Mini");
    UNICODE_STRING link = name_of(L"\\DosDevices\\Mini");
    PDEVICE_OBJECT device;
    HANDLE file;
    if (mini_mistake_made == MINI_ENTRY_FAILS || path->Length == 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status =
        IoCreateDevice(driver, 16, &name, 0x8000, mini_secure_open ? FILE_DEVICE_SECURE_OPEN : 0, FALSE, &device);
    if (!NT_SUCCESS(status))
        return status;
    memset(device->DeviceExtension, 0, 16);
    if (mini_mistake_made == MINI_ENTRY_LEAVES_DEVICE)
        return STATUS_UNSUCCESSFUL;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status))
    {
        IoDeleteDevice(device);
        return status;
    }
    driver->MajorFunction[IRP_MJ_CREATE] = create;
    driver->MajorFunction[IRP_MJ_CLEANUP] = cleanup;
    driver->MajorFunction[IRP_MJ_CLOSE] = close;
    driver->MajorFunction[IRP_MJ_READ] = read;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
    if (mini_mistake_made != MINI_NO_UNLOAD)
        driver->DriverUnload = unload;
    if (mini_mistake_made == MINI_ENTRY_OPENS_DEVICE &&
        ntsim_kernel_open("\\\\.\\Mini", FILE_READ_DATA, &file) != STATUS_NO_SUCH_DEVICE)
        return STATUS_UNSUCCESSFUL;
    return STATUS_SUCCESS;
}

NTSTATUS mini_load(PDRIVER_OBJECT *driver)
{
    memset(arrivals, 0, sizeof arrivals);
    arrival_count = 0;
    waiting = 0;
    let_go = 0;
    KeInitializeSpinLock(&kept);
    return ntsim_kernel_load_driver("mini", entry, driver);
}
