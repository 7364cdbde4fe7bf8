internal import Synchronization

/// Tells an operation that is on its way to the loop that its task was cancelled meanwhile.
final class CancelFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    var isSet: Bool { flag.load(ordering: .acquiring) }

    func set() {
        flag.store(true, ordering: .releasing)
    }
}
