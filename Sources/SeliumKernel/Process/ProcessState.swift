/// Where a process is in its life. Numbers are stored and sent; never reused.
///
/// `starting → running → stopping → exited | crashed`, with `backingOff` between incarnations.
public enum ProcessState: UInt8, Sendable, Hashable, CaseIterable {
    case starting = 1
    case running = 2
    case stopping = 3
    case backingOff = 4
    case exited = 5
    case crashed = 6

    /// Whether the process has come to its end.
    public var hasEnded: Bool { self == .exited || self == .crashed }

    /// As shown in `ps`.
    public var name: String {
        switch self {
        case .starting: "starting"
        case .running: "running"
        case .stopping: "stopping"
        case .backingOff: "backing-off"
        case .exited: "exited"
        case .crashed: "crashed"
        }
    }
}
