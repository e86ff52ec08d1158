/*
 * SAL and the IRQL words of the WDK, which only Microsoft's analysers read. Here they say nothing to the compiler; what
 * they promise is checked while the code runs, by the simulated services and by PAGED_CODE.
 */
#ifndef TRUSTLET_NTSIM_DDK_SAL_H
#define TRUSTLET_NTSIM_DDK_SAL_H

#define _Acquires_lock_(lock)
#define _Analysis_assume_(condition)
#define _At_(target, annotation)
#define _Check_return_
#define _Dispatch_type_(major)
#define _Field_size_(count)
#define _Field_size_bytes_(bytes)
#define _Field_z_
#define _Frees_ptr_
#define _Function_class_(name)
#define _Guarded_by_(lock)
#define _In_
#define _In_opt_
#define _In_opt_z_
#define _In_range_(low, high)
#define _In_reads_(count)
#define _In_reads_bytes_(bytes)
#define _In_reads_bytes_opt_(bytes)
#define _In_reads_opt_(count)
#define _In_z_
#define _Inout_
#define _Inout_opt_
#define _Inout_updates_(count)
#define _Inout_updates_bytes_(bytes)
#define _Inout_updates_bytes_opt_(bytes)
#define _Inout_updates_opt_(count)
#define _IRQL_always_function_max_(irql)
#define _IRQL_always_function_min_(irql)
#define _IRQL_raises_(irql)
#define _IRQL_requires_(irql)
#define _IRQL_requires_max_(irql)
#define _IRQL_requires_min_(irql)
#define _IRQL_requires_same_
#define _IRQL_restores_
#define _IRQL_restores_global_(kind, parameter)
#define _IRQL_saves_
#define _IRQL_saves_global_(kind, parameter)
#define _Must_inspect_result_
#define _Notnull_
#define _Null_terminated_
#define _On_failure_(annotations)
#define _Out_
#define _Out_opt_
#define _Out_range_(low, high)
#define _Out_writes_(count)
#define _Out_writes_bytes_(bytes)
#define _Out_writes_bytes_all_(bytes)
#define _Out_writes_bytes_opt_(bytes)
#define _Out_writes_bytes_to_(bytes, written)
#define _Out_writes_bytes_to_opt_(bytes, written)
#define _Out_writes_opt_(count)
#define _Out_writes_to_(count, written)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_opt_result_maybenull_
#define _Outptr_result_bytebuffer_(bytes)
#define _Outptr_result_maybenull_
#define _Outptr_result_nullonfailure_
#define _Post_invalid_
#define _Post_satisfies_(condition)
#define _Post_writable_byte_size_(bytes)
#define _Pre_maybenull_
#define _Pre_notnull_
#define _Pre_satisfies_(condition)
#define _Releases_lock_(lock)
#define _Requires_lock_held_(lock)
#define _Requires_lock_not_held_(lock)
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Return_type_success_(condition)
#define _Struct_size_bytes_(bytes)
#define _Success_(condition)
#define _Use_decl_annotations_
#define _When_(condition, annotations)
#define __drv_aliasesMem
#define __drv_allocatesMem(kind)
#define __drv_freesMem(kind)
#define __drv_maxIRQL(irql)
#define __drv_requiresIRQL(irql)

/* The older words, as macros of the WDK. */
#define IN
#define OUT
#define OPTIONAL

#endif
