/// One permission: these operations, over this transport, to these places.
///
/// This is the form that programs and the runtime's own wiring need. The grants of guests, with
/// host patterns, are parsed by the server and become values of this type.
public struct NetworkGrant: Hashable, Sendable, CustomStringConvertible {
    /// Which addresses a grant reaches.
    public enum Reach: Hashable, Sendable {
        /// Every address of class ``AddressClass/global``, nothing else.
        case global
        /// Every address of this range, of whatever class. Compared in canonical form, so that a
        /// range of IPv6 addresses never reaches an IPv4 address written as one of them.
        case range(AddressRange)
        /// The name itself, for ``NetworkOperation/resolve``; compared as it is written.
        case name(String)
        /// The path of a Unix socket.
        case path(String)
    }

    /// What may be done.
    public var operations: Set<NetworkOperation>
    /// Over which transport, nil for any.
    public var transport: NetworkTransport?
    /// Where.
    public var reach: Reach
    /// Through which ports. In a bind 0 is the system's choice, so a grant for it includes 0.
    public var ports: ClosedRange<UInt16>

    /// A grant for these operations, over any transport and port unless said otherwise.
    public init(
        _ operations: Set<NetworkOperation>, over transport: NetworkTransport? = nil,
        to reach: Reach, ports: ClosedRange<UInt16> = 0...UInt16.max
    ) {
        self.operations = operations
        self.transport = transport
        self.reach = reach
        self.ports = ports
    }

    /// The grant in one line, its operations in a fixed order.
    public var description: String {
        let verbs = NetworkOperation.allCases.filter(operations.contains).map(\.rawValue)
        let place =
            switch reach {
            case .global: "any global address"
            case .range(let range): range.description
            case .name(let name): name
            case .path(let path): path
            }
        let over = transport.map { " over \($0.rawValue)" } ?? ""
        let through =
            if ports == 0...UInt16.max {
                ""
            } else if ports.count == 1 {
                " port \(ports.lowerBound)"
            } else {
                " ports \(ports.lowerBound)-\(ports.upperBound)"
            }
        return "\(verbs.joined(separator: ",")) to \(place)\(through)\(over)"
    }
}
