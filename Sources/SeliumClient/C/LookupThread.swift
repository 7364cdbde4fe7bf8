internal import Glibc
internal import SeliumNetCore
internal import Synchronization

/// Asks for a name's addresses on a thread of its own. The system offers no way to end a question it
/// has been asked, and what it asks may be silent for long: none of the few threads that run
/// everything else may wait for it.
enum LookupThread {
    /// Questions of this process the system has not answered yet. One that nobody waits for any more
    /// still has its thread, so there is a bound on them.
    static let maximumThreads = 16

    private static let threads = Atomic<Int>(0)

    /// What `ask` says about `host`; nil when that took longer than `patience`, or the task was
    /// cancelled.
    static func addresses(
        of host: String, within patience: Duration,
        ask: @escaping @Sendable (String) throws(AddressLookup.Problem) -> [IPAddress]
    ) async -> Result<[IPAddress], AddressLookup.Problem>? {
        let (answers, answer) = AsyncStream.makeStream(
            of: Result<[IPAddress], AddressLookup.Problem>.self,
            bufferingPolicy: .bufferingNewest(1))
        guard threads.add(1, ordering: .relaxed).newValue <= maximumThreads else {
            threads.subtract(1, ordering: .relaxed)
            return .failure(.init(reason: "\(maximumThreads) lookups of names are unanswered"))
        }
        let hasBegun = start {
            do throws(AddressLookup.Problem) {
                answer.yield(.success(try ask(host)))
            } catch {
                answer.yield(.failure(error))
            }
            threads.subtract(1, ordering: .relaxed)
        }
        guard hasBegun else {
            threads.subtract(1, ordering: .relaxed)
            return .failure(.init(reason: "the system gives no thread to look it up"))
        }
        return await withTaskGroup { group in
            group.addTask { await answers.first { _ in true } }
            group.addTask {
                try? await Task.sleep(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Runs `work` on a new thread; false when there is none to have.
    private static func start(_ work: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        guard unsafe pthread_attr_init(&attributes) == 0 else { return false }
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let box = unsafe Unmanaged.passRetained(Work(work))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread, &attributes,
            { raw in
                if let raw = unsafe raw {
                    unsafe Unmanaged<Work>.fromOpaque(raw).takeRetainedValue().run()
                }
                return nil
            }, box.toOpaque())
        if status != 0 { unsafe box.release() }
        return status == 0
    }

    private final class Work: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
