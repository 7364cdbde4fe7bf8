import SeliumNetCore
import Testing

/// A resolver with a network that the test plays: what it sends is answered by a closure.
struct ResolverRig: ~Copyable {
    var machine: ResolverMachine
    var random = Seeded(state: 0x5EED)
    var now: UInt64 = 1_000_000_000
    /// Every query that was sent.
    var sent: [Sent] = []
    var outcomes: [DNSLookup: DNSOutcome] = [:]
    private var lastSocket = 0

    struct Sent {
        let transmission: DNSTransmission
        let query: DNSMessage
        let socket: Int

        var server: IPAddress { transmission.server.address.address }
        var name: String { query.questions[0].name.description.lowercased() }
        var type: DNSRecordType { query.questions[0].type }

        /// A response to it without records.
        func response(_ code: DNSResponseCode = .noError) -> DNSMessage {
            DNSMessage(
                id: query.id, flags: [.response, .recursionDesired, .recursionAvailable],
                responseCode: code, questions: query.questions, edns: query.edns.map { _ in EDNS() }
            )
        }

        /// A response with these records, written as zone files do but for the class.
        func answer(_ data: DNSRecordData..., ttl: UInt32 = 60) -> DNSMessage {
            var message = response()
            message.answers = data.map {
                DNSRecord(name: query.questions[0].name, ttl: ttl, data: $0)
            }
            return message
        }
    }

    init(_ text: String = "nameserver 192.0.2.1", hosts: String = "") {
        self.init(ResolverConfiguration(parsing: text), hosts: hosts)
    }

    init(_ configuration: ResolverConfiguration, hosts: String = "") {
        machine = ResolverMachine(
            configuration: configuration, hosts: HostsFile(parsing: hosts))
    }

    mutating func query(_ name: String, _ type: DNSRecordType = .a) throws -> DNSLookup {
        try machine.query(
            DNSQuestion(try DNSName(parsing: name), type), now: now, using: &random)
    }

    mutating func lookUpHost(
        _ name: String, _ families: AddressFamilies = .both
    ) throws -> DNSLookup {
        try machine.lookUpHost(
            try HostName(parsing: name), families: families, now: now, using: &random)
    }

    /// Takes what the machine wants to send and gives each message a socket.
    mutating func takeSent() throws -> [Sent] {
        var taken: [Sent] = []
        while let transmission = machine.pollTransmission() {
            lastSocket += 1
            machine.sent(transmission.id, on: lastSocket)
            let query = try DNSMessage(decoding: transmission.message)
            taken.append(Sent(transmission: transmission, query: query, socket: lastSocket))
        }
        sent += taken
        return taken
    }

    /// Hands a message in as the answer to what was sent, over the way it was sent by.
    @discardableResult
    mutating func reply(_ bytes: [UInt8], to sent: Sent) -> ResolverMachine.Reception {
        sent.transmission.isStream
            ? machine.receivedMessage(
                bytes.span, for: sent.transmission.id, now: now, using: &random)
            : machine.receivedDatagram(
                bytes.span, from: sent.transmission.server.address, on: sent.socket, now: now,
                using: &random)
    }

    mutating func receive(
        _ bytes: [UInt8], from source: SocketAddress, on socket: Int
    ) -> ResolverMachine.Reception {
        machine.receivedDatagram(bytes.span, from: source, on: socket, now: now, using: &random)
    }

    mutating func fail(_ sent: Sent, _ reason: String) {
        machine.failed(sent.transmission.id, reason: reason, now: now, using: &random)
    }

    mutating func handleTimeouts() {
        machine.handleTimeouts(now: now, using: &random)
    }

    @discardableResult
    mutating func reply(_ message: DNSMessage, to sent: Sent) throws -> ResolverMachine.Reception {
        reply(try message.encoded(), to: sent)
    }

    /// Lets messages go to and fro, and time pass where nobody answers, until all is quiet.
    mutating func run(_ respond: (Sent) throws -> DNSMessage?) throws {
        for _ in 0..<10_000 {
            let taken = try takeSent()
            for sent in taken {
                if let message = try respond(sent) { try reply(message, to: sent) }
            }
            while let (lookup, outcome) = machine.pollOutcome() { outcomes[lookup] = outcome }
            guard taken.isEmpty else { continue }
            guard let deadline = machine.nextDeadline() else { return }
            now = max(now, deadline)
            machine.handleTimeouts(now: now, using: &random)
        }
        Issue.record("it never ends")
    }

    func addresses(_ lookup: DNSLookup) -> [String]? {
        switch outcomes[lookup] {
        case .records(let answer): answer.addresses.map(\.description)
        case .addresses(let answer): answer.addresses.map(\.description)
        default: nil
        }
    }

    func failure(_ lookup: DNSLookup) -> DNSError.Code? {
        if case .failed(let error)? = outcomes[lookup] { error.code } else { nil }
    }

    mutating func pass(seconds: Double) {
        now += UInt64(seconds * 1e9)
    }
}

/// Short forms for records.
func a(_ text: String) -> DNSRecordData { .a(IPv4Address(text)!) }
func alias(_ text: String) -> DNSRecordData { .cname(DNSName(text)!) }
func record(_ name: String, ttl: UInt32 = 60, _ data: DNSRecordData) -> DNSRecord {
    DNSRecord(name: DNSName(name)!, ttl: ttl, data: data)
}
func soa(_ zone: String, ttl: UInt32 = 300, minimum: UInt32 = 300) -> DNSRecord {
    record(
        zone, ttl: ttl,
        .soa(
            .init(
                primary: .root, mailbox: .root, serial: 1, refresh: 1, retry: 1, expire: 1,
                minimum: minimum)))
}
