/* Io: drivers, their devices and the links to them. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "internal.h"
#include "poison.h"

#define MAX_LINKS 16u

typedef struct symbolic_link
{
    char name[128];
    char target[128];
    const void *site;
} symbolic_link;

static kernel_driver *drivers; /* all three under the lock */
static symbolic_link links[MAX_LINKS];
static unsigned link_count;

static void end_device(kernel_object *object)
{
    kernel_device *device = object->data;
    free(device->security);
    free(device);
    kernel_free_object(object);
}

struct _OBJECT_TYPE kernel_device_type = {"device", end_device, false, FILE_ALL_ACCESS};

static kernel_device *device_at(const DEVICE_OBJECT *body)
{
    kernel_object *object = kernel_object_at(body);
    return object != NULL && object->type == &kernel_device_type ? object->data : NULL;
}

static kernel_device *find_named(const char *name)
{
    for (const kernel_driver *driver = drivers; driver != NULL; driver = driver->next)
        for (const DEVICE_OBJECT *body = driver->object.DeviceObject; body != NULL; body = body->NextDevice)
        {
            kernel_device *device = device_at(body);
            if (device->name[0] != 0 && strcasecmp(device->name, name) == 0)
                return device;
        }
    return NULL;
}

static symbolic_link *find_link(const char *name)
{
    for (unsigned i = 0; i < link_count; i++)
        if (strcasecmp(links[i].name, name) == 0)
            return &links[i];
    return NULL;
}

kernel_device *kernel_find_device(const char *name)
{
    const symbolic_link *link = find_link(name);
    return find_named(link == NULL ? name : link->target);
}

NTSTATUS IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize, PUNICODE_STRING DeviceName,
                        DEVICE_TYPE DeviceType, ULONG DeviceCharacteristics, BOOLEAN Exclusive,
                        PDEVICE_OBJECT *DeviceObject)
{
    NTSTATUS status;
    char name[128] = "";
    *DeviceObject = NULL;
    if (kernel_enter(NTSIM_IoCreateDevice, CALLER, &status))
        return status;
    if (DeviceName != NULL && (!kernel_narrow(DeviceName, name, sizeof name) || name[0] != '\\'))
        return STATUS_OBJECT_NAME_INVALID;
    kernel_lock();
    if (name[0] != 0 && kernel_find_device(name) != NULL)
    {
        kernel_unlock();
        return STATUS_OBJECT_NAME_COLLISION;
    }
    kernel_object *object = kernel_new_object(&kernel_device_type, sizeof(DEVICE_OBJECT) + DeviceExtensionSize);
    kernel_device *device = kernel_allocate(sizeof *device);
    object->data = device;
    device->object = object;
    device->driver = CONTAINING_RECORD(DriverObject, kernel_driver, object);
    device->site = CALLER;
    (void)snprintf(device->name, sizeof device->name, "%s", name);
    DEVICE_OBJECT *body = object->body;
    body->Type = 3;
    body->Size = (USHORT)(sizeof *body + DeviceExtensionSize);
    body->DriverObject = DriverObject;
    body->NextDevice = DriverObject->DeviceObject;
    body->Flags = DO_DEVICE_INITIALIZING | (name[0] != 0 ? DO_DEVICE_HAS_NAME : 0) | (Exclusive ? DO_EXCLUSIVE : 0);
    body->Characteristics = DeviceCharacteristics;
    body->DeviceExtension = DeviceExtensionSize == 0 ? NULL : body + 1;
    body->DeviceType = DeviceType;
    body->StackSize = 1;
    DriverObject->DeviceObject = body;
    *DeviceObject = body;
    kernel_unlock();
    return STATUS_SUCCESS;
}

/* Off the driver's list and without a name; the memory stays while files are open. Under the lock. */
static void delete_device(kernel_device *device)
{
    DEVICE_OBJECT *body = device->object->body;
    PDEVICE_OBJECT *link = &body->DriverObject->DeviceObject;
    while (*link != body)
        link = &(*link)->NextDevice;
    *link = body->NextDevice;
    device->deleted = true;
    kernel_unpin(device->object);
}

VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
    NTSTATUS status;
    char where[160];
    (void)kernel_enter(NTSIM_IoDeleteDevice, CALLER, &status);
    kernel_lock();
    kernel_device *device = device_at(DeviceObject);
    if (device == NULL || device->deleted)
        kernel_complain("IoDeleteDevice of %p, which is no device, from %s", (void *)DeviceObject,
                        kernel_describe_site(CALLER, where));
    else
    {
        if (DeviceObject->DeviceExtension != NULL)
        {
            kernel_unlock();
            kernel_forget_remove_locks(DeviceObject->DeviceExtension, DeviceObject->Size - sizeof *DeviceObject);
            kernel_lock();
        }
        delete_device(device);
    }
    kernel_unlock();
}

NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    NTSTATUS status;
    symbolic_link added = {.site = CALLER};
    if (kernel_enter(NTSIM_IoCreateSymbolicLink, CALLER, &status))
        return status;
    if (!kernel_narrow(SymbolicLinkName, added.name, sizeof added.name) ||
        !kernel_narrow(DeviceName, added.target, sizeof added.target))
        return STATUS_OBJECT_NAME_INVALID;
    kernel_lock();
    if (find_link(added.name) != NULL || link_count == MAX_LINKS)
        status = STATUS_OBJECT_NAME_COLLISION;
    else
    {
        links[link_count++] = added;
        status = STATUS_SUCCESS;
    }
    kernel_unlock();
    return status;
}

NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
    NTSTATUS status;
    char name[128];
    const bool fails = kernel_enter(NTSIM_IoDeleteSymbolicLink, CALLER, &status);
    NTSTATUS result = STATUS_OBJECT_NAME_NOT_FOUND;
    kernel_lock();
    symbolic_link *link = kernel_narrow(SymbolicLinkName, name, sizeof name) ? find_link(name) : NULL;
    if (link != NULL)
    {
        *link = links[--link_count];
        result = STATUS_SUCCESS;
    }
    kernel_unlock();
    return fails ? status : result;
}

NTSTATUS ZwSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                             PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    NTSTATUS status;
    ULONG length;
    if (kernel_enter(NTSIM_ZwSetSecurityObject, CALLER, &status))
        return status;
    if ((SecurityInformation & DACL_SECURITY_INFORMATION) == 0)
        return STATUS_NOT_SUPPORTED; /* owners and groups are not simulated */
    void *security = kernel_copy_security(SecurityDescriptor, SecurityInformation, &length);
    if (security == NULL)
        return STATUS_INVALID_SECURITY_DESCR;
    kernel_lock();
    const kernel_handle *entry = kernel_find_handle(kernel_current_process(), Handle, KernelMode);
    if (entry == NULL)
        status = STATUS_INVALID_HANDLE;
    else if (entry->object->type != &kernel_device_type)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    else if ((entry->access & WRITE_DAC) == 0)
        status = STATUS_ACCESS_DENIED;
    else
    {
        kernel_device *device = entry->object->data;
        free(device->security);
        device->security = security;
        device->security_length = length;
        security = NULL;
        status = STATUS_SUCCESS;
    }
    kernel_unlock();
    free(security);
    return status;
}

ULONG ntsim_kernel_device_security(const char *name, void *buffer, ULONG length)
{
    kernel_lock();
    const kernel_device *device = kernel_find_device(name);
    const ULONG needed = device == NULL ? 0 : device->security_length;
    if (needed != 0)
        memcpy(buffer, device->security, needed < length ? needed : length);
    kernel_unlock();
    return needed;
}

/* ---- drivers ---- */

/* What a driver leaves behind is complained of, and taken away. */
static void sweep_up(kernel_driver *driver, const char *when)
{
    char where[160];
    kernel_lock();
    for (DEVICE_OBJECT *body = driver->object.DeviceObject; body != NULL; body = driver->object.DeviceObject)
    {
        kernel_device *device = device_at(body);
        for (unsigned i = link_count; i-- != 0;)
            if (strcasecmp(links[i].target, device->name) == 0)
            {
                kernel_complain("symbolic link %s left behind %s", links[i].name, when);
                links[i] = links[--link_count];
            }
        kernel_complain("device %s left behind %s, created from %s", device->name, when,
                        kernel_describe_site(device->site, where));
        delete_device(device);
    }
    kernel_driver **link = &drivers;
    while (*link != driver)
        link = &(*link)->next;
    *link = driver->next;
    kernel_unlock();
    free(driver);
}

/* The string a driver is given is gone when its entry returns; what it keeps of it, it must copy. */
static NTSTATUS call_entry(kernel_driver *driver, PDRIVER_INITIALIZE entry)
{
    static const char prefix[] = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
    const size_t units = sizeof prefix - 1 + strlen(driver->service);
    WCHAR *text = kernel_allocate((units + 1) * sizeof *text);
    for (size_t i = 0; i < units; i++)
        text[i] = (WCHAR)(i < sizeof prefix - 1 ? prefix[i] : driver->service[i - (sizeof prefix - 1)]);
    UNICODE_STRING *path = kernel_allocate(sizeof *path);
    *path = (UNICODE_STRING){(USHORT)(units * 2), (USHORT)((units + 1) * 2), text};
    const kernel_attachment before = kernel_enter_process(NULL, NULL, KernelMode);
    const kernel_host_thread *host = kernel_this_thread();
    const unsigned locks = host->held_count;
    const NTSTATUS status = entry(&driver->object, path);
    kernel_check_return("DriverEntry", PASSIVE_LEVEL, locks);
    kernel_leave_process(before);
    free(text);
    free(path);
    return status;
}

static NTSTATUS refuse_request(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    (void)DeviceObject;
    Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS ntsim_kernel_load_driver(const char *service, PDRIVER_INITIALIZE entry, PDRIVER_OBJECT *loaded)
{
    kernel_driver *driver = kernel_allocate(sizeof *driver);
    *loaded = NULL;
    (void)snprintf(driver->service, sizeof driver->service, "%s", service);
    driver->object.Type = 4;
    driver->object.Size = sizeof driver->object;
    driver->object.DriverInit = entry;
    driver->object.DriverExtension = &driver->extension;
    driver->extension.DriverObject = &driver->object;
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        driver->object.MajorFunction[i] = refuse_request;
    kernel_lock();
    driver->next = drivers;
    drivers = driver;
    kernel_unlock();
    const NTSTATUS status = call_entry(driver, entry);
    if (!NT_SUCCESS(status))
    {
        sweep_up(driver, "by a driver whose entry failed");
        return status;
    }
    kernel_lock();
    driver->started = true;
    for (DEVICE_OBJECT *body = driver->object.DeviceObject; body != NULL; body = body->NextDevice)
        body->Flags &= ~DO_DEVICE_INITIALIZING;
    kernel_unlock();
    *loaded = &driver->object;
    return status;
}

typedef struct open_files
{
    const kernel_driver *driver;
    bool found;
    kernel_object *process; /* pinned */
} open_files;

/* Finds a process with a handle to a file. */
static void find_file_owner(kernel_object *object, void *context)
{
    open_files *search = context;
    for (uint32_t i = 0; i < object->handles_of.count && !search->found; i++)
    {
        const kernel_object *target = object->handles_of.entries[i].object;
        if (target == NULL || target->type != &kernel_file_type)
            continue;
        search->found = true;
        search->process = object;
        kernel_pin(object);
    }
}

static void find_open_file(kernel_object *object, void *context)
{
    open_files *search = context;
    if (object->type == &kernel_file_type && ((kernel_file *)object->data)->device->driver == search->driver)
        search->found = true;
}

NTSTATUS ntsim_kernel_unload_driver(PDRIVER_OBJECT object)
{
    kernel_driver *driver = CONTAINING_RECORD(object, kernel_driver, object);
    open_files search = {driver, false, NULL};
    kernel_lock();
    kernel_each_object(find_open_file, &search);
    driver->unloading = !search.found && object->DriverUnload != NULL;
    kernel_unlock();
    if (object->DriverUnload == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (search.found)
        return STATUS_DEVICE_BUSY;
    const kernel_attachment before = kernel_enter_process(NULL, NULL, KernelMode);
    const unsigned locks = kernel_this_thread()->held_count;
    object->DriverUnload(object);
    kernel_check_return("DriverUnload", PASSIVE_LEVEL, locks);
    kernel_leave_process(before);
    sweep_up(driver, "by DriverUnload");
    return STATUS_SUCCESS;
}

/* Before a driver is swept up its files go, which it is still asked to clean up and close. */
static void close_files(void)
{
    for (open_files search = {NULL, false, NULL}; drivers != NULL; search.found = false)
    {
        kernel_lock();
        kernel_each_object(find_file_owner, &search);
        kernel_unlock();
        if (!search.found)
            return;
        kernel_close_all_handles(search.process);
        kernel_lock();
        kernel_unpin(search.process);
        kernel_unlock();
    }
}

void kernel_check_io(void)
{
    kernel_lock();
    const unsigned count = link_count;
    kernel_unlock();
    close_files();
    for (kernel_driver *driver = drivers; driver != NULL; driver = drivers)
    {
        kernel_complain("driver %s is still loaded", driver->service);
        sweep_up(driver, "by a driver that was never unloaded");
    }
    for (unsigned i = 0; i < count; i++)
        if (i < link_count)
            kernel_complain("symbolic link %s left behind", links[i].name);
    link_count = 0;
}

void kernel_reset_io(void)
{
    link_count = 0;
}
