import Glibc

/// A lock that threads can wait on; `Synchronization.Mutex` has no condition.
///
/// SAFETY: the mutex and the conditions are made for many threads, and stay where they are until the
/// last owner destroys them.
@safe final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = Condition()

    /// Something to wait for; a monitor has one, and takes more.
    ///
    /// SAFETY: as for the monitor.
    @safe final class Condition: @unchecked Sendable {
        fileprivate let raw = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

        init() {
            unsafe raw.initialize(to: pthread_cond_t())
            var attributes = pthread_condattr_t()
            unsafe pthread_condattr_init(&attributes)
            unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
            unsafe pthread_cond_init(raw, &attributes)
            unsafe pthread_condattr_destroy(&attributes)
        }

        deinit {
            unsafe pthread_cond_destroy(raw)
            unsafe raw.deallocate()
        }

        func signal() { unsafe pthread_cond_signal(raw) }
        func broadcast() { unsafe pthread_cond_broadcast(raw) }
    }

    init() {
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    func lock() { unsafe pthread_mutex_lock(mutex) }
    func unlock() { unsafe pthread_mutex_unlock(mutex) }
    /// Locked: sleeps until signalled (or for no reason), then is locked again.
    func wait() { wait(for: condition) }
    func signal() { condition.signal() }
    func broadcast() { condition.broadcast() }

    /// Locked: as `wait`, for another condition than its own.
    func wait(for condition: Condition) { unsafe pthread_cond_wait(condition.raw, mutex) }

    /// Locked: as `wait`, but at the latest until the monotonic clock shows `deadline` nanoseconds.
    func wait(until deadline: UInt64) {
        var time = timespec(
            tv_sec: Int(clamping: deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        unsafe pthread_cond_timedwait(condition.raw, mutex, &time)
    }
}

/// Nanoseconds of CLOCK_MONOTONIC.
@inline(__always)
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

/// Sleeps; a signal ends it early.
func sleepNanoseconds(_ nanoseconds: UInt64) {
    var time = timespec(
        tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    unsafe nanosleep(&time, nil)
}

/// A thread of our own, detached; it leaves the signals people send to the process to
/// the others.
enum Thread {
    private final class Start {
        let name: String
        let nice: Int
        let body: @Sendable () -> Void

        init(_ name: String, _ nice: Int, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.nice = nice
            self.body = body
        }
    }

    /// Starts one. False when the machine has no more threads.
    static func start(
        _ threadName: String, nice increment: Int, _ body: @escaping @Sendable () -> Void
    ) -> Bool {
        let start = unsafe Unmanaged.passRetained(Start(threadName, increment, body)).toOpaque()
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigemptyset(&all)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGPIPE, SIGALRM, SIGWINCH] {
            unsafe sigaddset(&all, signal)
        }
        unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
        defer { unsafe pthread_attr_destroy(&attributes) }
        let result = unsafe pthread_create(
            &thread, &attributes,
            { start in
                guard let start = unsafe start else { return nil }
                let this = unsafe Unmanaged<Start>.fromOpaque(start).takeRetainedValue()
                nameThisThread(this.name)
                if this.nice != 0 { _ = Glibc.nice(Int32(this.nice)) }
                this.body()
                return nil
            }, start)
        if result != 0 { unsafe Unmanaged<Start>.fromOpaque(start).release() }
        return result == 0
    }
}

/// The CPU time of a thread, readable from every other.
enum ThreadClock {
    /// Of no thread.
    static let none = Int32.min

    static func ofThisThread() -> Int32 {
        var clock = clockid_t()
        return unsafe pthread_getcpuclockid(pthread_self(), &clock) == 0 ? clock : none
    }

    /// nil for no thread, and for one that has ended.
    static func nanoseconds(_ clock: Int32) -> UInt64? {
        guard clock != none else { return nil }
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { return nil }
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

/// Cores this process may run on.
func coreCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

/// Shows in `top -H` and debuggers; at most 15 bytes.
private func nameThisThread(_ name: String) {
    guard let file = unsafe fopen("/proc/thread-self/comm", "w") else { return }
    unsafe fputs(String(name.prefix(15)), file)
    unsafe fclose(file)
}
