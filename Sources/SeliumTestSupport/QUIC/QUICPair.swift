package import SeliumNetCore
package import SeliumQUICCore
package import SeliumTLSCore

/// One server and some clients of real TLS, joined by a simulated network in virtual time.
package final class QUICPair {
    /// One side: an endpoint and what it told.
    package final class Node {
        package let endpoint: CoreEndpoint
        /// Its own address.
        package let address: SocketAddress
        /// The address that others see; a NAT may change it.
        package var publicAddress: SocketAddress
        /// Living and ended connections, in the order of their first event.
        package var connections: [CoreConnection] = []
        /// Streams the other side opened, in order.
        package var inbound: [CoreStream] = []
        /// Handshakes confirmed.
        package var confirmedCount = 0
        /// Called for every event, after it was noted here.
        package var onEvent: ((CoreConnection, CoreEvent) -> Void)?
        /// Nothing it sends leaves, nothing reaches it.
        package var isCut = false
        /// Changes the frames of what it sends, before they are sealed with the right keys.
        package var mutation: ((inout MutableSpan<UInt8>) -> Void)?

        init(endpoint: CoreEndpoint, address: SocketAddress) {
            self.endpoint = endpoint
            self.address = address
            self.publicAddress = address
        }
    }

    package static let serverAddress = SocketAddress(IPv4Address(192, 0, 2, 1), port: 443)

    package var clock = ManualClock()
    package var network: SimulatedNetwork
    package let server: Node
    package private(set) var clients: [Node] = []
    private let clientTLS: TLSContext
    private let clientConfiguration: QUICConfiguration

    package init(
        conditions: SimulatedNetwork.Conditions = .perfect, seed: UInt64 = 1,
        server: QUICConfiguration = .server, client: QUICConfiguration = .client,
        serverTLS: TLSContext? = nil, clientTLS: TLSContext? = nil, resetKey: [UInt8]? = nil
    ) throws {
        network = SimulatedNetwork(conditions, seed: seed)
        let certificates = TestCertificates.shared
        let tls = try serverTLS ?? certificates.serverContext()
        self.clientTLS = try clientTLS ?? certificates.clientContext()
        clientConfiguration = client
        let endpoint = CoreEndpoint(
            tls: tls, configuration: server, resetKey: resetKey, now: clock.now)
        endpoint.unixTime = TestCertificates.now
        self.server = Node(endpoint: endpoint, address: Self.serverAddress)
    }

    package var now: UInt64 { clock.now }

    /// A client that has begun to connect; its node's first connection is it.
    @discardableResult
    package func addClient(
        tls: TLSContext? = nil, serverName: String = "localhost", address: SocketAddress? = nil,
        unixTime: Int64 = TestCertificates.now
    ) throws -> Node {
        let number = UInt16(clients.count)
        let local =
            address
            ?? SocketAddress(
                IPv4Address(198, 51, UInt8(number >> 8), UInt8(number & 0xff)), port: 40_000)
        let endpoint = CoreEndpoint(
            tls: tls ?? clientTLS, configuration: clientConfiguration, now: now)
        endpoint.unixTime = unixTime
        let node = Node(endpoint: endpoint, address: local)
        let path = NetworkPath(local: local, remote: Self.serverAddress)
        node.connections.append(
            try endpoint.connect(path: path, serverName: serverName, now: now))
        clients.append(node)
        flush()
        return node
    }

    /// A client and the server's connection to it, handshake confirmed on both sides.
    package func connect() throws -> (client: CoreConnection, server: CoreConnection) {
        let before = server.connections.count
        let node = try addClient()
        let client = node.connections[0]
        guard
            run(
                until: { client.isHandshakeConfirmed && self.server.connections.count > before },
                limit: .seconds(20))
        else { throw PairError(text: "no handshake: \(String(describing: client.end))") }
        return (client, server.connections[before])
    }

    // MARK: Time

    /// Runs until `condition` holds; false when it does not within `limit` of virtual time.
    @discardableResult
    package func run(until condition: () -> Bool, limit: Duration = .seconds(60)) -> Bool {
        var end = ManualClock(start: now)
        end.advance(by: limit)
        flush()
        while !condition() {
            guard let next = nextMoment, next <= end.now else {
                clock.advance(to: end.now)
                return condition()
            }
            clock.advance(to: next)
            step()
        }
        return true
    }

    /// Lets so much virtual time pass.
    package func run(for duration: Duration) {
        run(until: { false }, limit: duration)
    }

    private var nextMoment: UInt64? {
        let deadlines = ([server] + clients).compactMap(\.endpoint.nextDeadline)
        return (deadlines + [network.nextArrival].compactMap { $0 }).min().map { max($0, now) }
    }

    private func step() {
        for datagram in network.arrivals(now: now) { deliver(datagram) }
        for node in [server] + clients {
            if let deadline = node.endpoint.nextDeadline, deadline <= now {
                node.endpoint.handleTimers(now: now)
            }
        }
        flush()
    }

    // MARK: Datagrams

    private func deliver(_ datagram: SimulatedDatagram) {
        if datagram.destination == server.address {
            receive(datagram, server)
        } else if let node = clients.first(where: { $0.publicAddress == datagram.destination }) {
            receive(datagram, node)
        }
    }

    private func receive(_ datagram: SimulatedDatagram, _ node: Node) {
        guard !node.isCut else { return }
        inject(datagram.bytes, from: datagram.source, to: node)
    }

    /// Gives a node bytes as if they had come from `source`.
    package func inject(_ bytes: [UInt8], from source: SocketAddress, to node: Node) {
        let path = NetworkPath(local: node.address, remote: source)
        unsafe node.endpoint.receive(bytes.span.bytes, path: path, ecn: .notCapable, now: now)
    }

    /// Forwards events and sends what there is to send, until all is quiet.
    package func flush() {
        for node in [server] + clients {
            takeEvents(node)
            for _ in 0..<1_000 {
                guard send(node) else { break }
                takeEvents(node)
            }
            takeEvents(node)
        }
    }

    private func takeEvents(_ node: Node) {
        while let connection = node.endpoint.nextEventful() {
            if !node.connections.contains(where: { $0 === connection }) {
                node.connections.append(connection)
            }
            for event in connection.takeEvents() {
                if case .streamOpened(let stream) = event { node.inbound.append(stream) }
                if case .handshakeConfirmed = event { node.confirmedCount += 1 }
                node.onEvent?(connection, event)
            }
        }
    }

    private func send(_ node: Node) -> Bool {
        let sent = Transmission(of: node.endpoint, now: now, mutation: node.mutation)
        for transmit in sent.transmits { send(transmit, of: sent.bytes, from: node) }
        return sent.hasMore && !sent.transmits.isEmpty
    }

    private func send(_ transmit: Transmit, of buffer: [UInt8], from node: Node) {
        guard !node.isCut else { return }
        var start = transmit.range.lowerBound
        while start < transmit.range.upperBound {
            let end = min(start + transmit.segmentSize, transmit.range.upperBound)
            network.send(
                SimulatedDatagram(
                    source: node.publicAddress, destination: transmit.path.remote,
                    bytes: Array(buffer[start..<end])), now: now)
            start = end
        }
    }
}

/// What went wrong in a pair.
package struct PairError: Error {
    package let text: String
}
