/* The one lock of the library. */
#ifndef TRUSTLET_NTSIM_LOCK_H
#define TRUSTLET_NTSIM_LOCK_H

#ifdef _WIN32
typedef struct
{
    void *pointer;
} ntsim_lock; /* SRWLOCK: one pointer, zero when free */
#define NTSIM_LOCK_FREE                                                                                                \
    {                                                                                                                  \
        0                                                                                                              \
    }
__declspec(dllimport) void __stdcall AcquireSRWLockExclusive(ntsim_lock *lock);
__declspec(dllimport) void __stdcall ReleaseSRWLockExclusive(ntsim_lock *lock);
#define ntsim_acquire AcquireSRWLockExclusive
#define ntsim_release ReleaseSRWLockExclusive
#else
#include <pthread.h>
typedef pthread_mutex_t ntsim_lock;
#define NTSIM_LOCK_FREE PTHREAD_MUTEX_INITIALIZER
#define ntsim_acquire (void)pthread_mutex_lock
#define ntsim_release (void)pthread_mutex_unlock
#endif

#endif
