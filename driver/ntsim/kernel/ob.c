/* Ob: references and handles, with every check that the object manager makes, and some that only Driver Verifier makes.
 */
#include "internal.h"

static ACCESS_MASK with_generic(const kernel_object *object, ACCESS_MASK access)
{
    if (object->machine_object != NULL)
        return door_access_of(object->type == &kernel_process_type ? DOOR_PROCESS : DOOR_THREAD, access);
    return (access & GENERIC_ALL) != 0 ? object->type->all_access : access;
}

/* What the handle gives; status of an unknown handle. Under the lock. */
static NTSTATUS resolve(HANDLE handle, KPROCESSOR_MODE mode, const void *caller, kernel_object **object,
                        OBJECT_HANDLE_INFORMATION *information)
{
    *information = (OBJECT_HANDLE_INFORMATION){0, 0};
    if (handle == NtCurrentProcess() || handle == NtCurrentThread())
    {
        *object = handle == NtCurrentProcess() ? kernel_current_process() : kernel_current_thread();
        if (*object == NULL)
            return STATUS_INVALID_HANDLE;
        information->GrantedAccess = (*object)->type->all_access;
        return STATUS_SUCCESS;
    }
    const kernel_handle *entry = kernel_find_handle(kernel_current_process(), handle, mode);
    if (entry == NULL)
        return STATUS_INVALID_HANDLE;
    if (mode == KernelMode && !kernel_is_kernel_handle(handle))
    {
        char where[160];
        kernel_complain("a user handle resolved in kernel mode, where access is not checked, from %s",
                        kernel_describe_site(caller, where));
    }
    *object = entry->object;
    *information = (OBJECT_HANDLE_INFORMATION){entry->attributes, entry->access};
    return STATUS_SUCCESS;
}

NTSTATUS ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                   KPROCESSOR_MODE AccessMode, PVOID *Object,
                                   POBJECT_HANDLE_INFORMATION HandleInformation)
{
    NTSTATUS status;
    *Object = NULL;
    if (kernel_enter(NTSIM_ObReferenceObjectByHandle, CALLER, &status))
        return status;
    kernel_object *object = NULL;
    OBJECT_HANDLE_INFORMATION information;
    kernel_lock();
    status = resolve(Handle, AccessMode, CALLER, &object, &information);
    if (NT_SUCCESS(status) && ObjectType != NULL && object->type != ObjectType)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    if (NT_SUCCESS(status) && AccessMode == UserMode && (DesiredAccess & ~information.GrantedAccess) != 0)
        status = STATUS_ACCESS_DENIED;
    if (NT_SUCCESS(status))
    {
        object->references++;
        object->site = CALLER;
        *Object = object->body;
        if (HandleInformation != NULL)
            *HandleInformation = information;
    }
    kernel_unlock();
    return status;
}

NTSTATUS ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedAccessState,
                               ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                               PHANDLE Handle)
{
    NTSTATUS status;
    char where[160];
    *Handle = NULL;
    if (kernel_enter(NTSIM_ObOpenObjectByPointer, CALLER, &status))
        return status;
    const bool for_kernel = (HandleAttributes & OBJ_KERNEL_HANDLE) != 0;
    if (PassedAccessState != NULL)
        kernel_complain("ObOpenObjectByPointer with an access state is not simulated");
    if (!for_kernel)
        kernel_complain(
            "ObOpenObjectByPointer without OBJ_KERNEL_HANDLE: the current process can use the handle, from %s",
            kernel_describe_site(CALLER, where));
    kernel_lock();
    kernel_object *object = kernel_object_at(Object);
    ACCESS_MASK granted = 0;
    if (object == NULL)
    {
        kernel_complain("ObOpenObjectByPointer of %p, which is no live object, from %s", Object,
                        kernel_describe_site(CALLER, where));
        status = STATUS_INVALID_PARAMETER;
    }
    else if (ObjectType == NULL ? AccessMode == UserMode : object->type != ObjectType)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    else
    {
        granted = with_generic(object, DesiredAccess);
        status = AccessMode == UserMode && object->machine_object != NULL
                     ? door_grant(object->machine_object, DesiredAccess, &granted)
                     : STATUS_SUCCESS;
    }
    if (NT_SUCCESS(status))
        status = kernel_new_handle(for_kernel ? NULL : kernel_current_process(), object, granted, HandleAttributes,
                                   CALLER, Handle);
    kernel_unlock();
    return status;
}

LONG_PTR ObfReferenceObject(PVOID Object)
{
    NTSTATUS status;
    char where[160];
    LONG_PTR count = 0;
    (void)kernel_enter(NTSIM_ObfReferenceObject, CALLER, &status);
    kernel_lock();
    kernel_object *object = kernel_object_at(Object);
    if (object == NULL)
        kernel_complain("ObReferenceObject of %p, which is no live object, from %s", Object,
                        kernel_describe_site(CALLER, where));
    else
    {
        object->references++;
        object->site = CALLER;
        count = object->references + object->handles + object->pins;
    }
    kernel_unlock();
    return count;
}

LONG_PTR ObfDereferenceObject(PVOID Object)
{
    NTSTATUS status;
    char where[160];
    char name[80];
    LONG_PTR count = 0;
    (void)kernel_enter(NTSIM_ObfDereferenceObject, CALLER, &status);
    kernel_lock();
    kernel_object *object = kernel_object_at(Object);
    if (object == NULL)
        kernel_complain("ObDereferenceObject of %p, which is no live object, from %s", Object,
                        kernel_describe_site(CALLER, where));
    else if (object->references == 0)
    {
        kernel_describe_object(object, name);
        kernel_complain("ObDereferenceObject of %s without a reference, from %s", name,
                        kernel_describe_site(CALLER, where));
    }
    else
    {
        object->references--;
        count = object->references + object->handles + object->pins;
        kernel_release(object);
    }
    kernel_unlock();
    return count;
}
