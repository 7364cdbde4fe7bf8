import SeliumTLSCore
import SeliumTestSupport

/// A client and a server joined in memory, without packets.
struct HandshakePair {
    let client: HandshakeFlights
    let server: HandshakeFlights
    /// Why either side failed; nil for a side that did not.
    private(set) var clientFailure: TLSError?
    private(set) var serverFailure: TLSError?
    /// Called with each flight and its number on the way to the other side.
    var tamper: (Int, HandshakeFlights.Flight) -> HandshakeFlights.Flight = { $1 }
    /// How many bytes each flight had, by its number.
    private(set) var flightLengths: [Int] = []

    init(
        client: TLSContext, server: TLSContext, name: String = "localhost",
        now: Int64 = TestCertificates.now, serverNow: Int64? = nil
    ) throws {
        self.client = try HandshakeFlights(
            client.makeClientSession(serverName: name, unixTime: now),
            transportParameters: [1, 2, 3])
        self.server = try HandshakeFlights(
            server.makeServerSession(unixTime: serverNow ?? now), transportParameters: [4, 5])
    }

    /// Passes flights to and fro until nobody has more to say or one side failed.
    mutating func run() {
        do {
            try self.client.drive()
        } catch {
            self.clientFailure = error
            return
        }
        // A handshake is two and a half turns; more would be a loop.
        for _ in 0..<8 {
            let toServer = self.client.pollFlights()
            do {
                for flight in toServer { try self.server.receive(self.passed(flight)) }
            } catch {
                self.serverFailure = error
                return
            }
            let toClient = self.server.pollFlights()
            do {
                for flight in toClient { try self.client.receive(self.passed(flight)) }
            } catch {
                self.clientFailure = error
                return
            }
            if toServer.isEmpty, toClient.isEmpty { return }
        }
    }

    private mutating func passed(_ flight: HandshakeFlights.Flight) -> HandshakeFlights.Flight {
        self.flightLengths.append(flight.bytes.count)
        return self.tamper(self.flightLengths.count - 1, flight)
    }

    /// Makes the pair and runs it.
    static func run(
        client: TLSContext, server: TLSContext, name: String = "localhost",
        now: Int64 = TestCertificates.now
    ) throws -> HandshakePair {
        var pair = try HandshakePair(client: client, server: server, name: name, now: now)
        pair.run()
        return pair
    }
}
