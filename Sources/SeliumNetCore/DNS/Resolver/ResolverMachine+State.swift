extension ResolverMachine {
    /// What is known of a server.
    struct ServerState {
        let server: ResolverConfiguration.Server
        /// False once it could not read EDNS.
        var speaksEDNS = true
        /// Ours for it (RFC 7873 section 4.1); made when it is asked first.
        var clientCookie: [UInt8] = []
        /// Its own, empty until it sends one.
        var serverCookie: [UInt8] = []
        /// Until then the others are asked first: it did not answer.
        var failingUntil: UInt64 = 0

        var isPlain: Bool { server.transport == .plain }
    }

    struct FlightID: Hashable {
        let number: UInt64
    }

    struct HostQueryID: Hashable {
        let number: UInt64
    }

    /// Who waits for a question.
    enum Waiter: Hashable {
        case lookup(DNSLookup)
        case host(HostQueryID, DNSRecordType)
    }

    /// What a lookup waits for.
    enum Waiting {
        case question(DNSQuestion)
        case host(HostQueryID)
    }

    /// One question under way, whoever waits for it.
    struct Flight {
        /// What was asked.
        let question: DNSQuestion
        var waiters: [Waiter]
        /// What is asked now: the end of the aliases so far.
        var name: DNSName
        var aliases: [DNSRecord] = []
        /// All of them were verified by the server.
        var isAuthentic = true
        /// The order in which servers are asked.
        var order: [Int]
        /// How many attempts failed since the name was asked for.
        var step = 0
        /// Messages sent in all.
        var transmissions = 0
        /// Those that may still be answered, the newest last.
        var outstanding: [DNSTransmission.ID] = []
        /// What is left when all attempts have failed.
        var failure: DNSError?
        var mixesCase: Bool
        /// Streams only from here on: an answer did not fit, or somebody forges.
        var usesStream: Bool
        var hasRetriedCookie = false

        /// The server whose turn it is.
        var server: Int { order[step % order.count] }
    }

    /// One message under way.
    struct Attempt {
        let flight: FlightID
        let server: Int
        let expectation: DNSExpectation
        let speaksEDNS: Bool
        /// The driver's number of the socket it left by.
        var socket: Int?
    }

    /// The addresses of one host under way.
    struct HostQuery {
        let lookup: DNSLookup
        let candidates: [DNSName]
        let families: AddressFamilies
        /// Which candidate is asked for.
        var index = 0
        var pending: [DNSRecordType] = []
        var answers: [DNSRecordType: DNSAnswer] = [:]
        /// What is told when no candidate has an address.
        var failure: DNSError?

        func question(_ type: DNSRecordType) -> DNSQuestion {
            DNSQuestion(candidates[index], type)
        }
    }
}
