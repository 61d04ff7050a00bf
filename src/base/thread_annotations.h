// Clang thread-safety annotations under short names; empty for other compilers.
//
// The `clang` preset turns every violation into an error. A class that is a lock is QUIRE_CAPABILITY("name"); a field
// names its lock with QUIRE_GUARDED_BY(lock_); a function that needs a lock held says QUIRE_REQUIRES(lock_).
#pragma once

#if defined(__clang__)
#define QUIRE_TSA(x) __attribute__((x))
#else
#define QUIRE_TSA(x)
#endif

#define QUIRE_CAPABILITY(x) QUIRE_TSA(capability(x))
#define QUIRE_SCOPED_CAPABILITY QUIRE_TSA(scoped_lockable)
#define QUIRE_GUARDED_BY(x) QUIRE_TSA(guarded_by(x))
#define QUIRE_PT_GUARDED_BY(x) QUIRE_TSA(pt_guarded_by(x))
#define QUIRE_REQUIRES(...) QUIRE_TSA(requires_capability(__VA_ARGS__))
#define QUIRE_REQUIRES_SHARED(...) QUIRE_TSA(requires_shared_capability(__VA_ARGS__))
#define QUIRE_ACQUIRE(...) QUIRE_TSA(acquire_capability(__VA_ARGS__))
#define QUIRE_ACQUIRE_SHARED(...) QUIRE_TSA(acquire_shared_capability(__VA_ARGS__))
#define QUIRE_RELEASE(...) QUIRE_TSA(release_capability(__VA_ARGS__))
#define QUIRE_RELEASE_SHARED(...) QUIRE_TSA(release_shared_capability(__VA_ARGS__))
#define QUIRE_TRY_ACQUIRE(...) QUIRE_TSA(try_acquire_capability(__VA_ARGS__))
#define QUIRE_TRY_ACQUIRE_SHARED(...) QUIRE_TSA(try_acquire_shared_capability(__VA_ARGS__))
#define QUIRE_EXCLUDES(...) QUIRE_TSA(locks_excluded(__VA_ARGS__))
#define QUIRE_RETURN_CAPABILITY(x) QUIRE_TSA(lock_returned(x))
#define QUIRE_NO_THREAD_SAFETY_ANALYSIS QUIRE_TSA(no_thread_safety_analysis)
