import SeliumKernel
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

/// Every message a client can send, spoilt in every place, from seeds.
@Suite(.serialized, .inTurn(minutes: 10)) struct MutationTests {
    private static let seeds: ClosedRange<UInt64> = 1...8
    private static let requestsEach = 1_050
    private static let uploadsEach = 100
    private static let inputsEach = 150

    /// What was sent of each message.
    private typealias Hits = [String: Int]

    private var configuration: ServerConfiguration {
        var configuration = ControlFixture.configuration
        configuration.requestsPerSecond = 1_000_000
        configuration.requestBurst = 1_000_000
        return configuration
    }

    @Test("The tests send at least 10,000 spoilt frames") func enough() {
        let each = Self.requestsEach + Self.uploadsEach + Self.inputsEach
        #expect(each * Self.seeds.count >= 10_000)
    }

    @Test(
        "Every message, spoilt in every place: an answer each, nothing starts, others are served",
        arguments: seeds)
    func spoilt(seed: UInt64) async throws {
        let host = InMemoryProcessHost()
        host.addModule("waits", Script.module("print up", "wait"))
        host.addModule("echo", Script.module("echo", "exit 0"))
        try await withServer(configuration, host: host) { fixture in
            var random = SeededRandom(seed: seed)
            let bystander = try await fixture.connect(as: "bob")
            let own = try await bystander.start("waits")
            let attacker = try await fixture.connect(as: "alice")
            let first = try await attacker.start("waits") { $0.name = "web" }
            let writer = try await fixture.connect(as: "carol")
            // Let go of without FIN: its stdin stays open.
            let begun = try await writer.open(.start("echo") { $0.input = true }, end: false)
            guard case .started(let echo) = try await begun.step() else { throw TestFailure("no") }
            begun.cancel()
            await eventually { fixture.server.requestsInFlight == 0 }
            let fed = echo.id
            var hits: Hits = [:]

            try await send(Self.requestsEach, to: attacker, &random, &hits) {
                // A request in between, on a connection that has done nothing wrong.
                let rows = try await bystander.processes()
                #expect(rows.map(\.id) == [own])
            }
            let sender = try await fixture.connect(as: "dave")
            for _ in 0..<Self.uploadsEach { try await upload(to: sender, &random, &hits) }
            for _ in 0..<Self.inputsEach { try await input(to: writer, of: fed, &random, &hits) }

            let schema = RequestSchema.standard
            let expected = schema.request.reachable.messages
                .union(schema.clientFrame.reachable.messages)
            #expect(Set(hits.keys) == expected)
            #expect(hits.values.allSatisfy { $0 >= 10 }, "\(hits)")
            let chief = try await fixture.connect()
            #expect(try await chief.processes().map(\.id) == [own, first, fed])
            #expect(try await bystander.processes(all: false).map(\.state) == [.running])
            #expect(try await writer.processes(all: false).map(\.state) == [.running])
            guard case .info = try await attacker.result(.whoAmI) else { throw TestFailure("no") }
            await eventually { fixture.server.requestsInFlight == 0 }
        }
    }

    // MARK: First frames

    /// A frame, and whether a strict reader takes it.
    private struct Sample: Sendable {
        var frame: [UInt8]
        /// nil: the length in front is not the frame's.
        var isLegal: Bool?
    }

    private func send(
        _ count: Int, to client: TestClient, _ random: inout SeededRandom, _ hits: inout Hits,
        _ between: () async throws -> Void
    ) async throws {
        let fixtures = (RequestFixtures.all + RequestFixtures.modest)
        let trees = try fixtures.map {
            WireTree(try RequestFixtures.bytes($0), RequestSchema.standard.request)
        }
        // Those about few messages as often as those about many.
        let places = trees.enumerated().flatMap { fixture, tree in
            tree.messages.enumerated().map { (fixture, $0.offset, $0.element) }
        }
        let groups = Dictionary(grouping: places) { $0.2 }.sorted { $0.key < $1.key }
        var left = count
        while left > 0 {
            var batch: [Sample] = []
            for _ in 0..<min(16, left) {
                // In turn, so that no message is left to chance.
                let group = groups[(left - batch.count) % groups.count].value
                let (fixture, place, name) = group[.random(in: group.indices, using: &random)]
                var tree = trees[fixture]
                for _ in 0..<(random.happens(perMille: 800) ? 1 : 3) {
                    guard place < tree.messages.count else { break }
                    tree.spoil(at: place, using: &random)
                }
                hits[name, default: 0] += 1
                batch.append(sample(tree, &random))
            }
            try await settle(batch, client)
            left -= batch.count
            try await between()
        }
    }

    private func sample(_ tree: WireTree, _ random: inout SeededRandom) -> Sample {
        let bytes = tree.bytes
        guard random.happens(perMille: 950) else {
            // A length that is not: the rest is taken for another frame, or missed.
            let length = UInt64.random(in: 0...UInt64(2 * bytes.count + 1), using: &random)
            return Sample(frame: WireTree.varint(length) + bytes, isLegal: nil)
        }
        return Sample(frame: tree.frame, isLegal: (try? RequestDecoder().request(bytes)) != nil)
    }

    private func settle(_ batch: [Sample], _ client: TestClient) async throws {
        try await withThrowingTaskGroup { group in
            for sample in batch {
                group.addTask {
                    let call = try await client.open(raw: sample.frame)
                    let error = try await end(call)
                    guard sample.isLegal == false else { return }
                    #expect(
                        error == .invalidArgument || error == .unimplemented,
                        "\(String(describing: error)) for \(sample.frame)")
                }
            }
            try await group.waitForAll()
        }
    }

    /// Reads until the last frame and says its code; what follows a process is cancelled.
    private func end(_ call: TestCall) async throws -> WireCode? {
        do {
            while let answer = try await call.next() {
                switch answer {
                case .frame(.following), .frame(.started):
                    call.cancel()
                    return nil
                case .frame(.error(let error)): return error.code
                case .frame(.result): return nil
                case .frame, .log, .unknown: continue
                }
            }
        } catch let error as QUICError {
            // The server resets nothing that it has an answer for.
            throw TestFailure("reset: \(error)")
        }
        throw TestFailure("a stream without an end")
    }

    // MARK: Later frames

    /// A later frame in which something is spoilt.
    private func later(_ index: Int, _ random: inout SeededRandom, _ hits: inout Hits) -> [UInt8] {
        var tree = WireTree(
            RequestFixtures.clientFrames[index], RequestSchema.standard.clientFrame)
        tree.spoil(at: 0, using: &random)
        hits[tree.schema.name, default: 0] += 1
        return tree.frame
    }

    /// A frame that no server takes, whatever came before: the call ends with it at the latest.
    private static let refused: [UInt8] = [2, 0x7a, 0]

    private func upload(
        to client: TestClient, _ random: inout SeededRandom, _ hits: inout Hits
    ) async throws {
        var request = RequestFixtures.modest[0]
        request.idempotencyKeyBytes = WireRequest.key()
        request.start.name = "other"
        let call = try await client.open(request, end: false)
        guard case .upload = try await call.step() else { throw TestFailure("no upload") }
        try await call.send(later(0, &random, &hits) + Self.refused)
        let code = try await end(call)
        #expect(code == .invalidArgument || code == .unimplemented, "\(String(describing: code))")
    }

    private func input(
        to client: TestClient, of id: UInt64, _ random: inout SeededRandom, _ hits: inout Hits
    ) async throws {
        let request = WireRequest.attach(id) {
            $0.input = true
            $0.log.tail = 0
        }
        let call = try await client.open(request, end: false)
        guard case .following = try await call.step() else { throw TestFailure("not following") }
        try await call.send(later(1, &random, &hits) + Self.refused)
        guard case .error(let error) = try await call.last() else { throw TestFailure("taken") }
        #expect(error.code == .invalidArgument || error.code == .unimplemented)
    }
}
