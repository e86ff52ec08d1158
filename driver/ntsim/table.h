/*
 * The flat table a machine is made from: little-endian, every member at its natural alignment, every region inside the
 * table. lib/testing/scenario-table.ts writes it; ntsim_table_layout() tells every offset, and a test compares the two.
 */
#ifndef TRUSTLET_NTSIM_TABLE_H
#define TRUSTLET_NTSIM_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define NTSIM_TABLE_MAGIC 0x4D49534Eu /* "NSIM" */
#define NTSIM_TABLE_VERSION 1u
#define NTSIM_NONE 0xFFFFFFFFu

/* Most a table may hold; more is refused, never cut. */
#define NTSIM_MAX_PROCESSES 200000u
#define NTSIM_MAX_THREADS 2000000u
#define NTSIM_MAX_FAULTS 4096u
#define NTSIM_MAX_CLASSES 256u
#define NTSIM_MAX_TEXT_BYTES 0x4000000u
#define NTSIM_MAX_NAME_BYTES 65532u /* what a UNICODE_STRING can say, with its NUL */

/* ntsim_table_header.system: what the machine is (facts/nt.md 3). */
#define NTSIM_SYSTEM_VSM 0x1u
#define NTSIM_SYSTEM_HVCI 0x2u
#define NTSIM_SYSTEM_HVCI_STRICT 0x4u
#define NTSIM_SYSTEM_SECURE_BOOT 0x8u
#define NTSIM_SYSTEM_TEST_SIGNING 0x10u
#define NTSIM_SYSTEM_HYPERVISOR 0x20u
#define NTSIM_SYSTEM_SECURE_BIT 0x40u        /* this kernel sets bit 7 of the Flags word (1.2) */
#define NTSIM_SYSTEM_NO_DMA_PROTECTION 0x80u /* no IOMMU confines devices (3.3, class 169) */
#define NTSIM_SYSTEM_KERNEL_DEBUGGER 0x100u  /* a kernel debugger is attached (3.3, classes 35 and 149) */
#define NTSIM_SYSTEM_ALL 0x1FFu

/*
 * ntsim_table_header.policies: outcomes that facts/nt.md marks [rev], [unverified] or not at all. 0 is what it says
 * is likelier.
 */
#define NTSIM_POLICY_STRICT_SIZE 0x1u               /* 1.2: Size must be 64 on input, as older headers say */
#define NTSIM_POLICY_REFUSE_TERMINATED_OPEN 0x2u    /* 7: an ended process that is still referenced cannot be opened */
#define NTSIM_POLICY_LIST_TERMINATED 0x4u           /* 4.1: such a process is still enumerated */
#define NTSIM_POLICY_FAIL_DELETING_SECURE_CALL 0x8u /* 1.3: the secure call fails once a trustlet is being deleted */
#define NTSIM_POLICY_NO_IMPLIED_GRANTS 0x10u        /* 6.1 [rev] */
#define NTSIM_POLICY_EXACT_IDS 0x20u                /* the low two bits of a pid or tid count */
#define NTSIM_POLICY_LONGER_BUFFERS 0x40u           /* 12: system classes of fixed size accept a longer buffer */
#define NTSIM_POLICY_ALL 0x7Fu

/* ntsim_table_header.churn */
#define NTSIM_CHURN_NONE 0u
#define NTSIM_CHURN_REUSE_AT_EVERY_CALL 1u

/* ntsim_table_process.state */
#define NTSIM_PROCESS_SECURE 0x1u   /* has a secure handle: its PEB comes from a secure call (facts/nt.md 1.3) */
#define NTSIM_PROCESS_EXITING 0x2u  /* enumerated and queryable with the Deleting bit set */
#define NTSIM_PROCESS_VOLATILE 0x4u /* churn may take it */
#define NTSIM_PROCESS_TRUSTLET 0x8u /* counts for TrustletRunning (facts/nt.md 3.1) */
#define NTSIM_PROCESS_PSEUDO 0x10u  /* no user address space: no PEB */
#define NTSIM_PROCESS_STATE_ALL 0x1Fu

/* The calls that can be counted and made to fail. */
enum ntsim_call
{
    NTSIM_CALL_OPEN_PROCESS = 0,
    NTSIM_CALL_OPEN_THREAD = 1,
    NTSIM_CALL_CLOSE = 2,
    NTSIM_CALL_DUPLICATE_OBJECT = 3,
    NTSIM_CALL_QUERY_PROCESS = 4,
    NTSIM_CALL_QUERY_THREAD = 5,
    NTSIM_CALL_QUERY_SYSTEM = 6,
    NTSIM_CALL_SECURE_CALL = 7,
    NTSIM_CALL_COUNT = 8
};

typedef struct ntsim_table_header
{
    uint32_t magic;
    uint32_t version;
    uint32_t total_bytes;
    uint32_t header_bytes;
    uint32_t process_offset;
    uint32_t process_count;
    uint32_t process_bytes;
    uint32_t thread_offset; /* u32 tids */
    uint32_t thread_count;
    uint32_t fault_offset;
    uint32_t fault_count;
    uint32_t fault_bytes;
    uint32_t class_offset; /* u32 classes of NtQuerySystemInformation that this system does not know */
    uint32_t class_count;
    uint32_t text_offset; /* UTF-16LE */
    uint32_t text_bytes;
    uint32_t caller_index; /* the process whose calls these are; NTSIM_NONE in a table of processes to start */
    uint32_t major;
    uint32_t minor;
    uint32_t build;
    uint32_t system;
    uint32_t policies;
    uint32_t boot_id;
    uint32_t seed;
    uint32_t churn;
    uint32_t reserved;
} ntsim_table_header;
_Static_assert(sizeof(ntsim_table_header) == 104, "ntsim_table_header");

typedef struct ntsim_table_process
{
    uint64_t create_time; /* FILETIME, 100 ns */
    uint64_t sequence_number;
    uint64_t start_key;
    uint32_t pid;
    uint32_t parent_pid;
    uint32_t session_id;
    uint32_t flags; /* Flags word of the extended query; the Deleting bit comes from the process's state */
    uint32_t first_thread;
    uint32_t thread_count;
    uint32_t name_offset; /* bytes into the text region */
    uint32_t name_bytes;
    uint32_t process_access; /* the most this machine's caller may get */
    uint32_t thread_access;
    uint8_t protection;
    uint8_t classification;
    uint16_t reserved;
    uint32_t state;
} ntsim_table_process;
_Static_assert(sizeof(ntsim_table_process) == 72, "ntsim_table_process");

typedef struct ntsim_table_fault
{
    uint32_t call;
    int32_t info_class;    /* -1: any */
    uint32_t target_index; /* a process of this table; NTSIM_NONE: any target */
    uint32_t nth;          /* only the n-th matching call, from 1; 0: every one */
    uint32_t status;
    uint32_t reserved;
} ntsim_table_fault;
_Static_assert(sizeof(ntsim_table_fault) == 24, "ntsim_table_fault");

/* What ntsim_load and the other controls answer. */
enum ntsim_result
{
    NTSIM_OK = 0,
    NTSIM_E_TRUNCATED = 1, /* shorter than it says, or than its header */
    NTSIM_E_MAGIC = 2,     /* no table */
    NTSIM_E_VERSION = 3,   /* another version, or other record sizes */
    NTSIM_E_BOUNDS = 4,    /* a region or reference outside the table, or misaligned */
    NTSIM_E_COUNT = 5,     /* more than the table may hold, or no process */
    NTSIM_E_VALUE = 6,     /* a member has a value that nobody defined */
    NTSIM_E_DUPLICATE = 7, /* two processes or threads with one id */
    NTSIM_E_MEMORY = 8,
    NTSIM_E_NO_MACHINE = 9,  /* nothing is loaded */
    NTSIM_E_NOT_FOUND = 10,  /* no such running process or thread, or no such record */
    NTSIM_E_REFERENCED = 11, /* the old object is still referenced: its pid cannot be reused (facts/nt.md 4.3) */
    NTSIM_E_IN_USE = 12      /* the pid belongs to a process */
};

/* A table that has been checked: its own copy, and where the regions are. */
typedef struct ntsim_table
{
    unsigned char *bytes;
    const ntsim_table_header *header;
    const ntsim_table_process *processes;
    const uint32_t *threads;
    const ntsim_table_fault *faults;
    const uint32_t *classes;
    const unsigned char *text;
} ntsim_table;

/* Copies and checks a table. On failure nothing is kept. */
enum ntsim_result ntsim_table_read(const void *bytes, uint32_t length, ntsim_table *table);
void ntsim_table_free(ntsim_table *table);

/*
 * Writes one line `name=offset,size` for every member, `name=value` for every constant. Answers the length it needs,
 * the ending NUL not counted, like snprintf.
 */
uint32_t ntsim_table_describe(char *text, uint32_t length);

#endif
