import SeliumNetCore
import SeliumQUIC
import SeliumTLSCore

/// Turns what was asked for into addresses that can be bound, before anything listens.
struct ListenerPlan {
    /// Times a port that the system chose for one family is tried for the other.
    private static let attempts = 16

    let log: DiagnosticSink
    let tls: TLSContext

    /// The addresses of all requests, in order, each once.
    func addresses(_ requests: [ListenerRequest]) async throws(Failure) -> [SocketAddress] {
        var addresses: [SocketAddress] = []
        for request in requests {
            for address in try await resolve(request)
            where !addresses.contains(address) || address.port == 0 {
                addresses.append(address)
            }
        }
        return addresses
    }

    private func resolve(_ request: ListenerRequest) async throws(Failure) -> [SocketAddress] {
        if request.host.lowercased() == "localhost" { return try await loopback(request) }
        if let literal = IPAddress(request.host) {
            let address = SocketAddress(literal, port: request.port)
            if let problem = await probe(address) { throw failure(problem, request) }
            return [address]
        }
        let found = AddressLookup.addresses(of: request.host)
        guard !found.isEmpty else {
            throw .configuration("'\(request.host)' has no address", Self.suggestion(request))
        }
        for address in found {
            if let problem = await probe(SocketAddress(address, port: request.port)) {
                throw failure(problem, request)
            }
        }
        return found.map { SocketAddress($0, port: request.port) }
    }

    /// ::1 and 127.0.0.1 on one port, without asking anybody (RFC 6761 §6.3).
    private func loopback(_ request: ListenerRequest) async throws(Failure) -> [SocketAddress] {
        for attempt in 1...Self.attempts {
            var port = request.port
            var bound: [SocketAddress] = []
            var taken: QUICError?
            for address in [IPAddress.v6(.loopback), .v4(.loopback)] {
                let (result, chosen) = await probePort(SocketAddress(address, port: port))
                switch result?.code {
                case nil:
                    if let chosen { port = chosen }
                    bound.append(SocketAddress(address, port: port))
                case .invalidAddress?:
                    if attempt == 1 {
                        log.warning("this machine has no \(address); it is left out")
                    }
                default: taken = result
                }
            }
            if let taken {
                if request.port == 0, taken.code == .addressInUse { continue }
                throw failure(taken, request)
            }
            guard !bound.isEmpty else {
                throw .configuration("this machine has no loopback address")
            }
            return bound
        }
        throw .configuration("no port is free on both ::1 and 127.0.0.1")
    }

    private func probe(_ address: SocketAddress) async -> QUICError? { await probePort(address).0 }

    /// Binds an address for a moment: what is wrong with it, else the port it got.
    private func probePort(_ address: SocketAddress) async -> (QUICError?, UInt16?) {
        do {
            let listener = try await QUICListener.bind(
                [address], tls: tls, authority: .unrestricted, logger: log.logger("selium.probe"))
            let port = listener.localAddresses.first?.port
            await listener.close()
            return (nil, port)
        } catch {
            return (error, nil)
        }
    }

    private func failure(_ error: QUICError, _ request: ListenerRequest) -> Failure {
        switch error.code {
        case .addressInUse:
            .configuration(
                "\(request.text) is in use",
                "stop who uses it, or choose another: --listen HOST:PORT")
        case .invalidAddress:
            .configuration(
                "\(request.host) is no address of this machine", Self.suggestion(request))
        default:
            .configuration("cannot listen on \(request.text): \(error.message)")
        }
    }

    private static func suggestion(_ request: ListenerRequest) -> String {
        "to listen on every address: --listen 0.0.0.0:\(request.port)"
    }
}
