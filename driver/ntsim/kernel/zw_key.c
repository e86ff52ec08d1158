/* Zw: the registry, as far as a driver reads a value of its own service key. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "internal.h"

#define MAX_VALUES 16u
#define NAME_BYTES 160u

typedef struct registry_value
{
    char key[NAME_BYTES];
    char name[NAME_BYTES];
    ULONG type;
    ULONG length;
    unsigned char *data;
} registry_value;

static registry_value values[MAX_VALUES]; /* under the lock */
static unsigned value_count;

static void end_key(kernel_object *object)
{
    free(object->data);
    kernel_free_object(object);
}

struct _OBJECT_TYPE kernel_key_type = {"key", end_key, false, KEY_READ};

void kernel_reset_registry(void)
{
    for (unsigned i = 0; i < value_count; i++)
        free(values[i].data);
    value_count = 0;
}

void ntsim_kernel_set_registry_value(const char *key, const char *value, ULONG type, const void *data, ULONG length)
{
    kernel_lock();
    if (value_count == MAX_VALUES)
        abort();
    registry_value *added = &values[value_count++];
    (void)snprintf(added->key, sizeof added->key, "%s", key);
    (void)snprintf(added->name, sizeof added->name, "%s", value);
    added->type = type;
    added->length = length;
    added->data = kernel_allocate(length);
    if (length != 0)
        memcpy(added->data, data, length);
    kernel_unlock();
}

/* A key is there if a value below it is, or below one of its subkeys. */
static bool key_exists(const char *path)
{
    const size_t length = strlen(path);
    for (unsigned i = 0; i < value_count; i++)
        if (strncasecmp(values[i].key, path, length) == 0 &&
            (values[i].key[length] == 0 || values[i].key[length] == '\\'))
            return true;
    return false;
}

/* The full path that the attributes name, relative to a root's where they have one. */
static bool full_path(const OBJECT_ATTRIBUTES *attributes, char path[static 2 * NAME_BYTES])
{
    char name[NAME_BYTES];
    if (!kernel_narrow(attributes->ObjectName, name, sizeof name))
        return false;
    if (attributes->RootDirectory == NULL)
        return snprintf(path, 2 * NAME_BYTES, "%s", name) > 0;
    const kernel_handle *root = kernel_find_handle(kernel_current_process(), attributes->RootDirectory, KernelMode);
    if (root == NULL || root->object->type != &kernel_key_type)
        return false;
    return snprintf(path, 2 * NAME_BYTES, "%s\\%s", (const char *)root->object->data, name) > 0;
}

NTSTATUS ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    NTSTATUS status;
    char path[2 * NAME_BYTES];
    *KeyHandle = NULL;
    if (kernel_enter(NTSIM_ZwOpenKey, CALLER, &status))
        return status;
    const bool for_kernel = (ObjectAttributes->Attributes & OBJ_KERNEL_HANDLE) != 0;
    kernel_lock();
    if (ObjectAttributes->Length != sizeof *ObjectAttributes || !full_path(ObjectAttributes, path))
        status = STATUS_INVALID_PARAMETER;
    else if (!key_exists(path))
        status = STATUS_OBJECT_NAME_NOT_FOUND;
    else
    {
        char where[160];
        kernel_object *key = kernel_new_object(&kernel_key_type, 16);
        key->data = kernel_allocate(strlen(path) + 1);
        memcpy(key->data, path, strlen(path) + 1);
        if (!for_kernel)
            kernel_complain("ZwOpenKey without OBJ_KERNEL_HANDLE: the current process can use the handle, from %s",
                            kernel_describe_site(CALLER, where));
        status = kernel_new_handle(for_kernel ? NULL : kernel_current_process(), key, DesiredAccess,
                                   ObjectAttributes->Attributes, CALLER, KeyHandle);
        kernel_unpin(key);
    }
    kernel_unlock();
    return status;
}

/* Only KeyValuePartialInformation. A buffer too short for the data still gets the header, as in Windows. */
static NTSTATUS read_value(const registry_value *value, void *buffer, ULONG length, ULONG *result_length)
{
    KEY_VALUE_PARTIAL_INFORMATION header = {.Type = value->type, .DataLength = value->length};
    const ULONG header_bytes = UFIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
    *result_length = header_bytes + value->length;
    if (length < header_bytes)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(buffer, &header, header_bytes);
    const ULONG room = length - header_bytes;
    const ULONG copied = room < value->length ? room : value->length;
    if (copied != 0)
        memcpy((unsigned char *)buffer + header_bytes, value->data, copied);
    return copied < value->length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
                         KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation, ULONG Length,
                         PULONG ResultLength)
{
    NTSTATUS status;
    char name[NAME_BYTES];
    if (kernel_enter(NTSIM_ZwQueryValueKey, CALLER, &status))
        return status;
    *ResultLength = 0;
    kernel_lock();
    const kernel_handle *entry = kernel_find_handle(kernel_current_process(), KeyHandle, KernelMode);
    if (entry == NULL)
        status = STATUS_INVALID_HANDLE;
    else if (entry->object->type != &kernel_key_type)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    else if ((entry->access & (KEY_QUERY_VALUE | GENERIC_READ)) == 0)
        status = STATUS_ACCESS_DENIED;
    else if (KeyValueInformationClass != KeyValuePartialInformation || !kernel_narrow(ValueName, name, sizeof name))
        status = STATUS_INVALID_PARAMETER;
    else
    {
        status = STATUS_OBJECT_NAME_NOT_FOUND;
        for (unsigned i = 0; i < value_count && status == STATUS_OBJECT_NAME_NOT_FOUND; i++)
            if (strcasecmp(values[i].key, entry->object->data) == 0 && strcasecmp(values[i].name, name) == 0)
                status = read_value(&values[i], KeyValueInformation, Length, ResultLength);
    }
    kernel_unlock();
    return status;
}
