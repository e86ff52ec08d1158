/* Registry values of a service. */
#include "cases.h"

#define SERVICE "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\mini"

static NTSTATUS open_key(HANDLE root, PCWSTR name, ULONG attributes, HANDLE *key)
{
    UNICODE_STRING text;
    OBJECT_ATTRIBUTES object;
    RtlInitUnicodeString(&text, name);
    InitializeObjectAttributes(&object, &text, attributes, root, NULL);
    return ZwOpenKey(key, KEY_QUERY_VALUE, &object);
}

static NTSTATUS read(HANDLE key, PCWSTR name, void *buffer, ULONG length, ULONG *needed)
{
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, name);
    return ZwQueryValueKey(key, &text, KeyValuePartialInformation, buffer, length, needed);
}

static void a_value_is_read_by_key_and_name(void)
{
    HANDLE service, parameters;
    struct
    {
        ULONG title, type, length;
        UCHAR data[8];
    } value;
    ULONG needed;
    ntsim_kernel_set_registry_value(SERVICE "\\Parameters", "Sid", REG_BINARY, "abcd", 4);
    CHECK_EQ(
        open_key(NULL, L"\\registry\\MACHINE\\System\\CurrentControlSet\\Services\\mini", OBJ_KERNEL_HANDLE, &service),
        STATUS_SUCCESS);
    CHECK_EQ(open_key(service, L"Nothing", OBJ_KERNEL_HANDLE, &parameters), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQ(open_key(service, L"Parameters", OBJ_KERNEL_HANDLE, &parameters), STATUS_SUCCESS);
    CHECK_EQ(read(parameters, L"sid", &value, sizeof value, &needed), STATUS_SUCCESS);
    CHECK_EQ(needed, 16);
    CHECK_EQ(value.type, REG_BINARY);
    CHECK_EQ(value.length, 4);
    CHECK_EQ(memcmp(value.data, "abcd", 4), 0);
    CHECK_EQ(read(parameters, L"Sid", &value, 14, &needed), STATUS_BUFFER_OVERFLOW);
    CHECK_EQ(read(parameters, L"Sid", &value, 11, &needed), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQ(needed, 16);
    CHECK_EQ(read(parameters, L"Other", &value, sizeof value, &needed), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQ(read(service, L"Sid", &value, sizeof value, &needed), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQ(ZwClose(parameters), STATUS_SUCCESS);
    CHECK_EQ(read(parameters, L"Sid", &value, sizeof value, &needed), STATUS_INVALID_HANDLE);
    CHECK_EQ(ZwClose(service), STATUS_SUCCESS);
}

static void a_key_handle_is_the_kernels(void)
{
    HANDLE key;
    ntsim_kernel_set_registry_value(SERVICE, "Start", REG_DWORD, "\3\0\0", 4);
    CHECK_EQ(open_key(NULL, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\mini", 0, &key),
             STATUS_SUCCESS);
    CHECK(ntsim_kernel_expect("ZwOpenKey without OBJ_KERNEL_HANDLE"));
    CHECK_EQ(ntsim_kernel_close(key), STATUS_SUCCESS);
    CHECK_EQ(open_key(NULL, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\mini", OBJ_KERNEL_HANDLE, &key),
             STATUS_SUCCESS);
    CHECK_COMPLAINT("leaked kernel handle to key");
}

const test_case registry_tests[] = {
    {"a value is read by its key and name", a_value_is_read_by_key_and_name},
    {"a handle to a key is the kernel's, and closed", a_key_handle_is_the_kernels},
    {NULL, NULL},
};
