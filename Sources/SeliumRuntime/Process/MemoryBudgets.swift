import SeliumHosting
import SeliumKernel
import SeliumWasm
import Synchronization

/// The linear memory that the processes of each namespace hold together, where that is bounded: for
/// starts of the role `user`.
final class MemoryBudgets: Sendable {
    private let budgets = Mutex<[Namespace: MemoryBudget]>([:])
    private let limit: UInt64

    /// Nobody holds anything yet; `limit` is what each namespace may hold, bytes.
    init(limit: UInt64 = Limits.userMemory) { self.limit = limit }

    /// The budget of a namespace. Kept for ever: there are as many as certificates name.
    func budget(of namespace: Namespace) -> MemoryBudget {
        budgets.withLock { budgets in
            if let known = budgets[namespace] { return known }
            let budget = MemoryBudget(limit: limit)
            budgets[namespace] = budget
            return budget
        }
    }

    /// Why a start is refused. `hidden`: the whole limit of a memory that is not exported.
    static func exhausted(
        _ budget: MemoryBudget, _ namespace: Namespace, hidden: UInt64? = nil
    ) -> HostError {
        let why =
            hidden.map {
                "the module does not export its memory, so all it may have counts, \($0 >> 20) MiB, and "
            } ?? ""
        return HostError(
            .resourceExhausted,
            "\(why)namespace \(namespace) uses \(budget.held >> 20) of \(budget.limit >> 20) MiB of memory, its quota",
            remedy: "stop a process first: selium ps", isRetryable: true)
    }
}

/// What a process may hold together with others, and what was taken for its beginning.
struct MemoryShare: Sendable {
    /// nil where that is not bounded.
    var budget: MemoryBudget?
    /// Bytes.
    var reserved: UInt64 = 0
}
