/* Loading, unloading, devices, opens and who may open. */
#include "mini_driver.h"

static PDRIVER_OBJECT driver;

static void load(mini_mistake mistake)
{
    mini_mistake_made = mistake;
    if (!NT_SUCCESS(mini_load(&driver)))
        check_failed = 1;
}

static NTSTATUS open(const char *path, ACCESS_MASK access)
{
    HANDLE file;
    const NTSTATUS status = ntsim_kernel_open(path, access, &file);
    if (NT_SUCCESS(status))
        (void)ntsim_kernel_close(file);
    return status;
}

static void a_device_is_opened_by_its_link_and_its_name(void)
{
    load(MINI_NONE);
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_SUCCESS);
    CHECK_EQ(open("\\\\.\\mini", GENERIC_READ), STATUS_SUCCESS);
    CHECK_EQ(open("\\Device\\Mini", GENERIC_READ), STATUS_SUCCESS);
    CHECK_EQ(open("\\\\.\\Minor", GENERIC_READ), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQ(open("\\\\.\\", GENERIC_READ), STATUS_OBJECT_NAME_INVALID);
    ntsim_kernel_detach();
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void nobody_opens_a_device_before_the_entry_returned(void)
{
    load(MINI_ENTRY_OPENS_DEVICE);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static void a_failed_entry_leaves_nothing(void)
{
    mini_mistake_made = MINI_ENTRY_FAILS;
    CHECK_EQ(mini_load(&driver), STATUS_INSUFFICIENT_RESOURCES);
    CHECK(driver == NULL);
    CHECK_EQ(ntsim_kernel_check(), 0);
    mini_mistake_made = MINI_ENTRY_LEAVES_DEVICE;
    CHECK_EQ(mini_load(&driver), STATUS_UNSUCCESSFUL);
    CHECK_COMPLAINT("device \\Device\\Mini left behind by a driver whose entry failed");
}

static void an_unload_leaves_nothing(void)
{
    load(MINI_UNLOAD_LEAVES_DEVICE);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
    CHECK_COMPLAINT("device \\Device\\Mini left behind by DriverUnload");
    load(MINI_UNLOAD_LEAVES_LINK);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
    CHECK(ntsim_kernel_expect("symbolic link \\DosDevices\\Mini left behind"));
    CHECK_COMPLAINT("device \\Device\\Mini");
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\DosDevices\\Nowhere");
    CHECK_EQ(IoCreateSymbolicLink(&link, &link), STATUS_SUCCESS);
    CHECK_COMPLAINT("symbolic link \\DosDevices\\Nowhere left behind");
    load(MINI_NONE);
    CHECK(ntsim_kernel_expect("driver mini is still loaded"));
    CHECK(ntsim_kernel_expect("symbolic link"));
    CHECK_COMPLAINT("device");
}

static void a_driver_without_unload_stays(void)
{
    load(MINI_NO_UNLOAD);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_SUCCESS);
    mini_mistake_made = MINI_NONE;
    CHECK(ntsim_kernel_expect("driver mini is still loaded"));
    CHECK(ntsim_kernel_expect("symbolic link"));
    CHECK_COMPLAINT("device");
}

static void names_are_unique(void)
{
    PDRIVER_OBJECT second;
    UNICODE_STRING link, device;
    load(MINI_NONE);
    RtlInitUnicodeString(&link, L"\\DosDevices\\mini");
    RtlInitUnicodeString(&device, L"\\Device\\Mini");
    CHECK_EQ(IoCreateSymbolicLink(&link, &device), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQ(mini_load(&second), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
    load(MINI_NONE);
    IoDeleteDevice((PDEVICE_OBJECT)(void *)driver);
    CHECK(ntsim_kernel_expect("IoDeleteDevice of"));
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static void a_refused_create_leaves_no_file(void)
{
    load(MINI_REFUSES_CREATE);
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_ACCESS_DENIED);
    CHECK_EQ(strcmp(mini_log(), "O"), 0); /* neither CLEANUP nor CLOSE */
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

/* Lets SYSTEM do everything and administrators read, and nobody else anything. */
static NTSTATUS secure(PDEVICE_OBJECT device, ACCESS_MASK access, SECURITY_INFORMATION information)
{
    static SID_IDENTIFIER_AUTHORITY nt = SECURITY_NT_AUTHORITY;
    SECURITY_DESCRIPTOR descriptor;
    ULONG list[32];
    UCHAR sid[SECURITY_MAX_SID_SIZE];
    HANDLE handle;
    (void)RtlCreateAcl((PACL)(void *)list, sizeof list, ACL_REVISION);
    (void)RtlInitializeSid(sid, &nt, 1);
    *RtlSubAuthoritySid(sid, 0) = SECURITY_LOCAL_SYSTEM_RID;
    (void)RtlAddAccessAllowedAce((PACL)(void *)list, ACL_REVISION, GENERIC_ALL, sid);
    (void)RtlInitializeSid(sid, &nt, 2);
    *RtlSubAuthoritySid(sid, 0) = SECURITY_BUILTIN_DOMAIN_RID;
    *RtlSubAuthoritySid(sid, 1) = DOMAIN_ALIAS_RID_ADMINS;
    (void)RtlAddAccessAllowedAce((PACL)(void *)list, ACL_REVISION, FILE_GENERIC_READ, sid);
    (void)RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
    (void)RtlSetDaclSecurityDescriptor(&descriptor, TRUE, (PACL)(void *)list, FALSE);
    NTSTATUS status = ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, NULL, access, NULL, KernelMode, &handle);
    if (!NT_SUCCESS(status))
        return status;
    status = ZwSetSecurityObject(handle, information, &descriptor);
    (void)ZwClose(handle);
    return status;
}

static void a_devices_list_decides_who_opens_it(void)
{
    static const UCHAR service_sid[] = {1, 2, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0, 7, 0, 0, 0};
    UCHAR bytes[256];
    load(MINI_NONE);
    CHECK_EQ(ntsim_kernel_device_security("\\Device\\Mini", bytes, sizeof bytes), 0);
    ntsim_kernel_set_user(NTSIM_PLAIN_USER, NULL);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_SUCCESS); /* never secured: everyone */
    CHECK_EQ(secure(driver->DeviceObject, READ_CONTROL, DACL_SECURITY_INFORMATION), STATUS_ACCESS_DENIED);
    CHECK_EQ(secure(driver->DeviceObject, WRITE_DAC, OWNER_SECURITY_INFORMATION), STATUS_NOT_SUPPORTED);
    CHECK_EQ(secure(driver->DeviceObject, WRITE_DAC, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION),
             STATUS_SUCCESS);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_ACCESS_DENIED);
    CHECK_EQ(open("\\\\.\\Mini\\below", GENERIC_READ), STATUS_ACCESS_DENIED);
    ntsim_kernel_set_user(NTSIM_SERVICE_USER, service_sid);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_ACCESS_DENIED);
    ntsim_kernel_set_user(NTSIM_ADMINISTRATOR, NULL);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_SUCCESS);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ | GENERIC_WRITE), STATUS_ACCESS_DENIED);
    ntsim_kernel_set_user(NTSIM_LOCAL_SYSTEM, NULL);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_ALL), STATUS_SUCCESS);
    ntsim_kernel_set_user(NTSIM_ADMINISTRATOR, NULL);
    CHECK_EQ(ntsim_kernel_device_security("\\Device\\Mini", bytes, sizeof bytes), 20 + 128);
    CHECK_EQ(bytes[0], 1);
    CHECK_EQ(bytes[2] | bytes[3] << 8, SE_SELF_RELATIVE | SE_DACL_PRESENT | SE_DACL_PROTECTED);
    CHECK_EQ(bytes[16], 20); /* where the DACL is */
    CHECK_EQ(bytes[24], 2);  /* its two entries */
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static void only_a_whole_list_is_set_and_on_a_device(void)
{
    SECURITY_DESCRIPTOR descriptor;
    ACL list = {ACL_REVISION, 0, sizeof list, 1, 0}; /* an entry that is not there */
    PEPROCESS process;
    HANDLE handle;
    CHECK_EQ(RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION), STATUS_SUCCESS);
    CHECK_EQ(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, &list, FALSE), STATUS_SUCCESS);
    CHECK_EQ(ZwSetSecurityObject(NULL, DACL_SECURITY_INFORMATION, &descriptor), STATUS_INVALID_SECURITY_DESCR);
    list.AceCount = 0;
    CHECK_EQ(ZwSetSecurityObject(NULL, DACL_SECURITY_INFORMATION, &descriptor), STATUS_INVALID_HANDLE);
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    CHECK_EQ(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &handle), 0);
    CHECK_EQ(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQ(ZwClose(handle), STATUS_SUCCESS);
    ObDereferenceObject(process);
}

static void without_secure_open_a_name_below_escapes_the_list(void)
{
    mini_secure_open = false;
    load(MINI_NONE);
    mini_secure_open = true;
    CHECK_EQ(secure(driver->DeviceObject, WRITE_DAC, DACL_SECURITY_INFORMATION), STATUS_SUCCESS);
    ntsim_kernel_set_user(NTSIM_PLAIN_USER, NULL);
    CHECK_EQ(open("\\\\.\\Mini", GENERIC_READ), STATUS_ACCESS_DENIED);
    CHECK_EQ(open("\\\\.\\Mini\\below", GENERIC_READ), STATUS_SUCCESS);
    ntsim_kernel_set_user(NTSIM_ADMINISTRATOR, NULL);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

const test_case device_tests[] = {
    {"a device is opened by its link and by its name", a_device_is_opened_by_its_link_and_its_name},
    {"nobody opens a device before DriverEntry returned", nobody_opens_a_device_before_the_entry_returned},
    {"what a failed DriverEntry leaves behind is found", a_failed_entry_leaves_nothing},
    {"what DriverUnload leaves behind is found", an_unload_leaves_nothing},
    {"a driver without DriverUnload stays", a_driver_without_unload_stays},
    {"names of devices are unique", names_are_unique},
    {"a refused CREATE is followed by neither CLEANUP nor CLOSE", a_refused_create_leaves_no_file},
    {"a device's access list decides who opens it, and can be read back", a_devices_list_decides_who_opens_it},
    {"only a whole list is set, and only on a device", only_a_whole_list_is_set_and_on_a_device},
    {"without FILE_DEVICE_SECURE_OPEN a name below the device escapes its list",
     without_secure_open_a_name_below_escapes_the_list},
    {NULL, NULL},
};
