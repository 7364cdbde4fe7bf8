internal import Glibc

/// A semaphore that opens once, for one thread that waits.
// SAFETY: POSIX lets any threads use a semaphore at once. The pointer is never changed, and its memory
// goes with the last reference: whoever opens holds one until sem_post has returned.
@safe
final class Gate: @unchecked Sendable {
    // Its own memory, because a semaphore may not move.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func open() {
        unsafe sem_post(semaphore)
    }

    func wait() {
        while unsafe sem_wait(semaphore) != 0 {}
    }
}
