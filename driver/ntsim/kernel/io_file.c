/* Io: files of a device, and user handles, from CreateFile to the last close. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

/* CLOSE: nothing refers to the file any more. Without the lock; the object has the one pin of its end. */
static void end_file(kernel_object *object)
{
    kernel_file *file = object->data;
    if (file->opened)
    {
        kernel_request request = {.major = IRP_MJ_CLOSE, .requestor_mode = KernelMode};
        (void)kernel_send(file, &request);
    }
    kernel_lock();
    kernel_object *device = file->device->object;
    if (object->references != 0)
        kernel_complain("a driver referenced a file while it was closed");
    free(file);
    kernel_free_object(object);
    kernel_unpin(device);
    kernel_unlock();
}

struct _OBJECT_TYPE kernel_file_type = {"file", end_file, true, FILE_ALL_ACCESS};

void kernel_file_cleanup(kernel_object *object)
{
    kernel_request request = {.major = IRP_MJ_CLEANUP, .requestor_mode = KernelMode};
    (void)kernel_send(object->data, &request);
}

/* Splits \\.\Name\rest and \Device\Name\rest into the device's name and the rest. */
static bool split_path(const char *path, char device[static 128], char rest[static 64])
{
    const bool win32 = strncmp(path, "\\\\.\\", 4) == 0;
    const char *name = win32 ? path + 4 : path + 1;
    if (!win32 && strncmp(path, "\\Device\\", 8) == 0)
        name = path + 8;
    const char *end = strchr(name, '\\');
    const size_t length = end == NULL ? strlen(name) : (size_t)(end - name);
    if (length == 0 || length > 96 || (end != NULL && strlen(end) > 63))
        return false;
    (void)snprintf(device, 128, "%s%.*s", win32 ? "\\DosDevices\\" : "\\Device\\", (int)length, name);
    (void)snprintf(rest, 64, "%s", end == NULL ? "" : end);
    return true;
}

static kernel_file *new_file(kernel_device *device, ACCESS_MASK access, const char *rest)
{
    kernel_object *object = kernel_new_object(&kernel_file_type, sizeof(FILE_OBJECT));
    kernel_file *file = kernel_allocate(sizeof *file);
    FILE_OBJECT *body = object->body;
    object->data = file;
    file->object = object;
    file->device = device;
    file->access = access;
    kernel_pin(device->object);
    size_t units = 0;
    for (; rest[units] != 0; units++)
        file->name[units] = (WCHAR)rest[units];
    body->Type = 5;
    body->Size = sizeof *body;
    body->DeviceObject = device->object->body;
    body->FileName = (UNICODE_STRING){(USHORT)(units * 2), (USHORT)(units * 2), units == 0 ? NULL : file->name};
    body->ReadAccess = (access & FILE_READ_DATA) != 0;
    body->WriteAccess = (access & FILE_WRITE_DATA) != 0;
    return file;
}

/* The rules of an open that come before the driver is asked. Under the lock. */
static NTSTATUS check_open(const kernel_device *device, ACCESS_MASK access, const char *rest)
{
    if (device == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    const DEVICE_OBJECT *body = device->object->body;
    if ((body->Flags & DO_DEVICE_INITIALIZING) != 0 || !device->driver->started || device->driver->unloading)
        return STATUS_NO_SUCH_DEVICE;
    /* Without FILE_DEVICE_SECURE_OPEN nobody checks the access of a name behind the device's. */
    if (rest[0] != 0 && (body->Characteristics & FILE_DEVICE_SECURE_OPEN) == 0)
        return STATUS_SUCCESS;
    return kernel_access_allowed(kernel_this_thread(), device->security, access) ? STATUS_SUCCESS
                                                                                 : STATUS_ACCESS_DENIED;
}

static ACCESS_MASK file_access(ACCESS_MASK access)
{
    ACCESS_MASK mapped = access & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
    mapped |= (access & GENERIC_READ) != 0 ? FILE_GENERIC_READ : 0;
    mapped |= (access & GENERIC_WRITE) != 0 ? FILE_GENERIC_WRITE : 0;
    mapped |= (access & GENERIC_ALL) != 0 ? FILE_ALL_ACCESS : 0;
    return mapped;
}

NTSTATUS ntsim_kernel_open(const char *path, ACCESS_MASK access, HANDLE *handle)
{
    char name[128];
    char rest[64];
    const ACCESS_MASK wanted = file_access(access);
    *handle = NULL;
    if (!split_path(path, name, rest))
        return STATUS_OBJECT_NAME_INVALID;
    kernel_lock();
    kernel_device *device = kernel_find_device(name);
    NTSTATUS status = check_open(device, wanted, rest);
    kernel_file *file = NT_SUCCESS(status) ? new_file(device, wanted, rest) : NULL;
    kernel_unlock();
    if (file == NULL)
        return status;
    IO_SECURITY_CONTEXT security = {.DesiredAccess = wanted};
    kernel_request request = {
        .major = IRP_MJ_CREATE, .requestor_mode = kernel_this_thread()->previous_mode, .security = &security};
    status = kernel_send(file, &request);
    kernel_lock();
    kernel_object *object = file->object;
    if (NT_SUCCESS(status))
    {
        kernel_object *process = kernel_current_process();
        file->opened = true;
        status = kernel_new_handle(process, object, wanted, 0, CALLER, handle);
    }
    kernel_unpin(object); /* the one it was made with */
    kernel_unlock();
    return status;
}

/* ---- user handles ---- */

static NTSTATUS open_by_id(uint32_t id, door_kind kind, ACCESS_MASK access, const void *caller, HANDLE *handle)
{
    NTSTATUS status = STATUS_INVALID_CID;
    uint32_t granted = 0;
    *handle = NULL;
    kernel_lock();
    struct ntsim_object *found = door_find(id, kind);
    if (found != NULL)
        status = door_grant(found, access, &granted);
    if (NT_SUCCESS(status))
    {
        kernel_object *object = kernel_object_for(found, kind);
        status = kernel_new_handle(kernel_current_process(), object, granted, 0, caller, handle);
        kernel_unpin(object);
    }
    kernel_unlock();
    return status;
}

NTSTATUS ntsim_kernel_open_process(uint32_t pid, ACCESS_MASK access, HANDLE *handle)
{
    return open_by_id(pid, DOOR_PROCESS, access, CALLER, handle);
}

NTSTATUS ntsim_kernel_open_thread(uint32_t tid, ACCESS_MASK access, HANDLE *handle)
{
    return open_by_id(tid, DOOR_THREAD, access, CALLER, handle);
}

static kernel_object *pin_current_process(void)
{
    kernel_lock();
    kernel_object *process = kernel_current_process();
    kernel_pin(process);
    kernel_unlock();
    return process;
}

static void unpin(kernel_object *object)
{
    kernel_lock();
    kernel_unpin(object);
    kernel_unlock();
}

NTSTATUS ntsim_kernel_close(HANDLE handle)
{
    kernel_object *process = pin_current_process();
    const NTSTATUS status = kernel_close_handle(process, handle, UserMode);
    unpin(process);
    return status;
}

NTSTATUS ntsim_kernel_duplicate(HANDLE handle, uint32_t target_pid, HANDLE *target)
{
    NTSTATUS status = STATUS_INVALID_HANDLE;
    *target = NULL;
    kernel_lock();
    struct ntsim_object *found = door_find(target_pid, DOOR_PROCESS);
    const kernel_handle *entry = kernel_find_handle(kernel_current_process(), handle, UserMode);
    if (found != NULL && entry != NULL)
    {
        kernel_object *owner = kernel_object_for(found, DOOR_PROCESS);
        const kernel_handle source = *entry;
        status = kernel_new_handle(owner, source.object, source.access, source.attributes, CALLER, target);
        kernel_unpin(owner);
    }
    kernel_unlock();
    return status;
}

/* ---- requests ---- */

/* The file behind a handle with this access, pinned. */
static NTSTATUS pin_file(HANDLE handle, ACCESS_MASK access, kernel_file **file)
{
    NTSTATUS status = STATUS_SUCCESS;
    kernel_lock();
    const kernel_handle *entry = kernel_find_handle(kernel_current_process(), handle, UserMode);
    if (entry == NULL)
        status = STATUS_INVALID_HANDLE;
    else if (entry->object->type != &kernel_file_type)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    else if ((entry->access & access) != access)
        status = STATUS_ACCESS_DENIED;
    else
    {
        *file = entry->object->data;
        kernel_pin(entry->object);
    }
    kernel_unlock();
    return status;
}

static NTSTATUS send_by_handle(HANDLE handle, ACCESS_MASK access, kernel_request *request)
{
    kernel_file *file = NULL;
    NTSTATUS status = pin_file(handle, access, &file);
    if (!NT_SUCCESS(status))
        return status;
    kernel_object *object = file->object;
    status = kernel_send(file, request);
    kernel_lock();
    kernel_unpin(object);
    kernel_unlock();
    return status;
}

NTSTATUS ntsim_kernel_ioctl(HANDLE file, ULONG code, const void *input, ULONG input_length, void *output,
                            ULONG output_length, ULONG_PTR *information)
{
    kernel_request request = {
        .major = IRP_MJ_DEVICE_CONTROL,
        .code = code,
        .input = input,
        .input_length = input_length,
        .output = output,
        .output_length = output_length,
        .requestor_mode = kernel_this_thread()->previous_mode,
        .sender = information,
    };
    const ULONG wanted = code >> 14 & 3; /* 1: FILE_READ_DATA, 2: FILE_WRITE_DATA */
    const NTSTATUS status = send_by_handle(file, wanted, &request);
    *information = request.information;
    return status;
}

NTSTATUS ntsim_kernel_request(HANDLE file, UCHAR major)
{
    kernel_request request = {.major = major, .requestor_mode = kernel_this_thread()->previous_mode};
    return send_by_handle(file, 0, &request);
}
