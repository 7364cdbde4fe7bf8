import SeliumHosting
import SeliumKernel

/// Whose turn it is to be compiled: few at once, one per namespace, the namespaces in turn.
///
/// A digest waits once, for every namespace that asked for it: it has its turn when the first of
/// them has, so nobody's start stands in somebody else's queue.
struct CompileQueue: Sendable {
    /// What waits, by namespace, the oldest first.
    private var waiting: [Namespace: [ModuleDigest]] = [:]
    /// Those of `waiting` in the order of their turns. One that had its turn goes to the end.
    private var turns: [Namespace] = []
    /// In how many queues a digest stands.
    private var places: [ModuleDigest: Int] = [:]
    /// What is compiled now, and at whose turn.
    private var compiling: [ModuleDigest: Namespace] = [:]
    private let compilers: Int

    /// For at most `compilers` compiles at once.
    init(compilers: Int) { self.compilers = max(1, compilers) }

    /// Joins the queue. Fails with `resourceExhausted` when it is full, or a user's part of it.
    mutating func enter(
        _ digest: ModuleDigest, in namespace: Namespace, role: Role
    ) throws(HostError) {
        guard role != .user || length(namespace) < Limits.compileQueuePerNamespace else {
            throw HostError(
                .resourceExhausted,
                "\(Limits.compileQueuePerNamespace) of your modules wait to be compiled already",
                isRetryable: true)
        }
        guard places.count < Limits.compileQueue else {
            throw HostError(
                .resourceExhausted, "too many modules wait to be compiled", isRetryable: true)
        }
        append(digest, namespace)
    }

    /// Somebody else waits for a digest that may be in the queue: it need not wait longer than this
    /// namespace has to. Without room in its part it waits as long as the others.
    mutating func join(_ digest: ModuleDigest, in namespace: Namespace, role: Role) {
        guard places[digest] != nil, waiting[namespace]?.contains(digest) != true,
            role != .user || length(namespace) < Limits.compileQueuePerNamespace
        else { return }
        append(digest, namespace)
    }

    private func length(_ namespace: Namespace) -> Int { waiting[namespace]?.count ?? 0 }

    private mutating func append(_ digest: ModuleDigest, _ namespace: Namespace) {
        if waiting[namespace] == nil { turns.append(namespace) }
        waiting[namespace, default: []].append(digest)
        places[digest, default: 0] += 1
    }

    /// Gives free compilers to those whose turn it is, and says to which.
    mutating func grant() -> [ModuleDigest] {
        var granted: [ModuleDigest] = []
        while compiling.count < compilers,
            let namespace = turns.first(where: { !compiling.values.contains($0) }),
            let digest = waiting[namespace]?.first
        {
            remove(digest)
            compiling[digest] = namespace
            granted.append(digest)
            if let index = turns.firstIndex(of: namespace) {
                turns.append(turns.remove(at: index))
            }
        }
        return granted
    }

    func isGranted(_ digest: ModuleDigest) -> Bool { compiling[digest] != nil }

    /// It is compiled, or nobody wants it any more: gives back the compiler, or the place.
    mutating func leave(_ digest: ModuleDigest) {
        if compiling.removeValue(forKey: digest) == nil { remove(digest) }
    }

    /// Out of every queue it stands in.
    private mutating func remove(_ digest: ModuleDigest) {
        guard places.removeValue(forKey: digest) != nil else { return }
        for namespace in turns where waiting[namespace]?.contains(digest) == true {
            waiting[namespace]?.removeAll { $0 == digest }
            if waiting[namespace]?.isEmpty == true { waiting[namespace] = nil }
        }
        turns.removeAll { waiting[$0] == nil }
    }
}
