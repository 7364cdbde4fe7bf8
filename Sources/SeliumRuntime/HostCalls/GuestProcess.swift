/// What a process's calls about itself need to know: who it is, its handles, and whom to tell.
public final class GuestProcess: Sendable {
    let id: UInt64
    /// UTF-8; empty without a name.
    let name: [UInt8]
    let handles: GuestHandles
    let supervision: any GuestSupervision

    /// - Parameter name: empty for a process without one.
    public init(
        id: UInt64, name: String, handles: GuestHandles, supervision: any GuestSupervision
    ) {
        self.id = id
        self.name = Array(name.utf8)
        self.handles = handles
        self.supervision = supervision
    }
}

/// What a process tells those who look after it. Called only in the guest's own turn.
public protocol GuestSupervision: Sendable {
    /// It is ready for what it is there for.
    func becameReady()

    /// It lives, and promises to say so again within `interval` nanoseconds; nil takes the promise
    /// back.
    func heartbeat(within interval: UInt64?)
}
