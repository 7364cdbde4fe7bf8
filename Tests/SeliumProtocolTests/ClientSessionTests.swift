import SeliumProtocol
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@Suite(.inTurn()) struct ClientSessionTests {
    private func result(_ result: WireResult.OneOf_Result) -> Answer {
        .frame(.result(WireResult.with { $0.result = result }))
    }

    private var started: Answer { .frame(.started(WireStarted.with { $0.id = 7 })) }
    private var ended: Answer { result(.ended(WireEnded())) }

    @Test("An attached start: upload, progress, started, log, ended")
    func attachedStart() throws {
        var machine = ClientRequestStateMachine(
            call: .start(moduleSize: 10, follows: true, input: true))
        _ = try machine.receivedAnswer(.frame(.progress(WireProgress())))
        let upload = try machine.receivedAnswer(.frame(.upload(WireUpload.with { $0.offset = 4 })))
        guard case .sendModule(from: 4) = upload else { return #expect(Bool(false)) }
        let early = machine.maySendInput
        #expect(!early)
        _ = try machine.receivedAnswer(started)
        let late = machine.maySendInput
        #expect(late)
        guard case .log([1]) = try machine.receivedAnswer(.log([1])) else {
            return #expect(Bool(false))
        }
        guard case .skip = try machine.receivedAnswer(.unknown) else { return #expect(Bool(false)) }
        guard case .succeeded(.ended) = try machine.receivedAnswer(ended) else {
            return #expect(Bool(false))
        }
        guard case .complete = machine.receivedEnd() else { return #expect(Bool(false)) }
    }

    @Test("A stream that ends without a last frame is a lost connection")
    func lost() {
        var machine = ClientRequestStateMachine(call: .list)
        guard case .lost = machine.receivedEnd() else { return #expect(Bool(false)) }
    }

    @Test("Answers that have no place are the server's fault")
    func misplaced() {
        let cases: [(ClientCall, [Answer])] = [
            (.list, [started]), (.list, [.log([])]), (.list, [ended]), (.stop, [ended]),
            (.attach(input: false), [.log([])]), (.wait, [started]),
            (.start(moduleSize: 0, follows: false, input: false), [.frame(.upload(WireUpload()))]),
            (.start(moduleSize: 1, follows: false, input: false), [started, started]),
            (.start(moduleSize: 1, follows: false, input: false), [started, .log([])]),
            (.start(moduleSize: 1, follows: false, input: false), [ended]),
            (.info, [result(.info(WireServerInfo())), result(.info(WireServerInfo()))]),
            (
                .start(moduleSize: 2, follows: true, input: false),
                [.frame(.upload(WireUpload())), .frame(.upload(WireUpload()))]
            ),
            (
                .attach(input: false),
                [.frame(.following(WireFollowing())), .frame(.gap(WireGap()))]
            ),
        ]
        for (call, answers) in cases {
            var machine = ClientRequestStateMachine(call: call)
            var refused = false
            for answer in answers {
                do { _ = try machine.receivedAnswer(answer) } catch { refused = true }
            }
            #expect(refused, "\(call)")
        }
    }

    @Test("Mutated answers never do more than be refused", arguments: 1...300)
    func hostile(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let decoder = AnswerDecoder()
        var frame = WireServerFrame()
        frame.result.processes.processes = [
            WireProcessInfo.with {
                $0.id = 1
                $0.name = "web"
                $0.exit.trap.frames = [WireTrap.Frame.with { $0.name = "f" }]
            }
        ]
        var bytes = try RequestFixtures.bytes(frame)
        for _ in 0..<4 {
            bytes[.random(in: bytes.indices, using: &random)] ^= UInt8(random.next() & 255)
        }
        var machine = ClientRequestStateMachine(call: .list)
        if let answer = try? decoder.answer(bytes) { _ = try? machine.receivedAnswer(answer) }
    }
}
