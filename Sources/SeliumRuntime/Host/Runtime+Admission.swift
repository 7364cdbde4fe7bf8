public import SeliumHosting
import SeliumKernel
import SeliumWasm

extension Runtime {
    public func admit(_ spec: StartSpec, idempotency: Idempotency?) async throws(HostError) {
        try spec.checkLimits()
        let isRepeat = try world.withLock { (world) throws(HostError) in
            if let idempotency {
                let requests = world.requests
                let isKnown = try hosted { () throws(KernelError) in
                    try requests.knows(RequestKey(idempotency), bodyHash: idempotency.bodyHash)
                }
                if isKnown { return true }
            }
            try Self.admit(spec, &world)
            return false
        }
        guard !isRepeat, spec.role == .user else { return }
        // What the module begins with is not known; a program that can print has a page at least.
        let budget = budgets.budget(of: spec.namespace)
        guard budget.left >= 64 << 10 else { throw MemoryBudgets.exhausted(budget, spec.namespace) }
    }
}
