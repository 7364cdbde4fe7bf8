/// Linear memory that several guests share: what they hold together stays within a limit, and growth
/// beyond it fails in the guest that asks for it.
///
/// The engine cannot ask anybody while a guest grows; it compares with a limit it was given before.
/// So each turn of a guest begins with a share: what it may grow by until its turn is over, which is
/// no more than what the budget has left. Guests on other threads get theirs from the same rest, lest
/// one that never grows keeps memory from all others: when several really grow within the same two
/// milliseconds they can pass the limit together, and then none of them grows any more. All shares
/// that are out and all memory that is held never exceed `ceiling`, however many threads there are.
///
/// SAFETY: all that changes is under `monitor`.
public final class MemoryBudget: @unchecked Sendable {
    /// What its guests may hold together, bytes.
    public let limit: UInt64
    /// What they hold at most when all that run at one moment grow at once, bytes.
    public let ceiling: UInt64

    // Not `Mutex`: it is taken twice in each turn, and the thread sanitizer does not see that one.
    private let monitor = Monitor()
    private var heldBytes: UInt64 = 0
    private var promised: UInt64 = 0

    /// How many times the limit `ceiling` is: thirty-two guests of the default size may begin a turn
    /// at the same moment in a budget of 1 GiB, and none is given less than it may use.
    public static let ceilingFactor: UInt64 = 4

    /// An empty budget; `ceiling` is at least `limit`, and nil is `ceilingFactor` times as much.
    public init(limit: UInt64, ceiling: UInt64? = nil) {
        self.limit = limit
        let (product, overflow) = limit.multipliedReportingOverflow(by: Self.ceilingFactor)
        self.ceiling = max(limit, ceiling ?? (overflow ? .max : product))
    }

    /// What its guests hold, as of each one's last turn, bytes.
    public var held: UInt64 { locked { heldBytes } }

    /// What is left of the limit, bytes.
    public var left: UInt64 { locked { limit - min(limit, heldBytes) } }

    /// Takes `bytes` for a guest that is to be started with them: what its module begins with, so
    /// that starts which are judged at the same time count each other. False when they do not fit:
    /// then nothing is taken.
    public func reserve(_ bytes: UInt64) -> Bool {
        locked {
            guard bytes <= limit - min(limit, heldBytes),
                bytes <= ceiling - min(ceiling, heldBytes + promised)
            else { return false }
            heldBytes += bytes
            return true
        }
    }

    /// Gives back what was reserved for a guest that was not started after all; that of a guest
    /// which ended comes back by itself.
    public func release(_ bytes: UInt64) {
        guard bytes > 0 else { return }
        locked { heldBytes -= min(heldBytes, bytes) }
    }

    /// A guest that may grow by `room` of its own begins a turn; what it may grow by in it.
    func beginTurn(room: UInt64) -> UInt64 {
        guard room > 0 else { return 0 }
        return locked {
            let left = limit - min(limit, heldBytes)
            let open = ceiling - min(ceiling, heldBytes + promised)
            let share = min(room, left, open)
            promised += share
            return share
        }
    }

    /// That turn is over, and the guest grew by so much.
    func endTurn(share: UInt64, growth: UInt64) {
        guard share > 0 || growth > 0 else { return }
        locked {
            promised -= min(promised, share)
            heldBytes += growth
        }
    }

    private func locked<R>(_ body: () -> R) -> R {
        monitor.lock()
        defer { monitor.unlock() }
        return body()
    }
}
