public import SeliumABI

/// What an identity may do on this server. Roles live here, never in a certificate.
public enum Role: UInt8, Sendable, Hashable {
    /// Every verb, every namespace, every capability; no per-namespace quota.
    case `operator` = 1
    /// Every verb in its own namespace; hands out only what reaches no network, files or environment.
    case user = 2

    /// The role of an identity where no policy file says otherwise.
    public static func builtIn(for identity: Identity) -> Role {
        identity == .operator ? .operator : .user
    }

    /// As shown to people.
    public var name: String {
        switch self {
        case .operator: "operator"
        case .user: "user"
        }
    }

    /// Whether a caller of this role may grant `capability` to a process it starts.
    public func mayGrant(_ capability: Capability) -> Bool {
        switch self {
        case .operator: true
        case .user:
            switch capability {
            case .sessionLifecycle, .channelLifecycle, .channelReader, .channelWriter,
                .processLifecycle,
                .singletonRegistry, .singletonLookup, .timeRead:
                true
            default: false
            }
        }
    }

    /// Whether a caller of this role may act on objects of `namespace`, given its own.
    public func reaches(_ namespace: Namespace, from own: Namespace) -> Bool {
        self == .operator || namespace == own
    }
}
