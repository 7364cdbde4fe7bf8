import SeliumProtocol
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite(.inTurn()) struct ServerSessionTests {
    private let start = RequestFixtures.start

    private func machine(_ request: WireRequest?) throws -> ServerRequestStateMachine {
        var machine = ServerRequestStateMachine(decoder: RequestDecoder())
        if let request {
            guard case .perform = try machine.receivedFrame(try RequestFixtures.bytes(request))
            else {
                Issue.record("the request was not taken")
                return machine
            }
        }
        return machine
    }

    private func body(_ frame: [UInt8]) throws -> [UInt8] {
        var decoder = FrameDecoder.answers(.standard)
        var offset = 0
        return try #require(try decoder.next(frame, at: &offset))
    }

    @Test("A start goes through upload, start, input and its end")
    func wholeLife() throws {
        var machine = try machine(start)
        let early = machine.wantsFrames
        #expect(!early)
        let begun = machine.beginUpload(remaining: 5)
        #expect(begun)
        let uploading = machine.wantsFrames
        #expect(uploading)
        let first = try machine.receivedFrame(try body(FrameEncoder.upload([1, 2, 3])))
        guard case .store([1, 2, 3], isLast: false) = first else { return #expect(Bool(false)) }
        let second = try machine.receivedFrame(try body(FrameEncoder.upload([4, 5])))
        guard case .store([4, 5], isLast: true) = second else { return #expect(Bool(false)) }
        let twice = machine.beginUpload(remaining: 5)
        #expect(!twice)
        guard case .readInput = machine.beginFollowing() else { return #expect(Bool(false)) }
        let fed = try machine.receivedFrame(try body(FrameEncoder.input([9])))
        guard case .feed([9]) = fed else { return #expect(Bool(false)) }
        guard case .endInput = machine.receivedEnd(insideFrame: false) else {
            return #expect(Bool(false))
        }
        let late = machine.wantsFrames
        #expect(!late)
        let finished = machine.finish()
        #expect(finished)
        let again = machine.finish()
        #expect(!again)
    }

    @Test("More bytes than the module has, input in an upload, upload in input are refused")
    func misplaced() throws {
        var uploading = try machine(start)
        _ = uploading.beginUpload(remaining: 2)
        let tooMany = try body(FrameEncoder.upload([1, 2, 3]))
        do {
            _ = try uploading.receivedFrame(tooMany)
            Issue.record("taken")
        } catch { #expect(error.reset == .tooLarge) }
        var other = try machine(start)
        _ = other.beginUpload(remaining: 2)
        let input = try body(FrameEncoder.input([1]))
        do {
            _ = try other.receivedFrame(input)
            Issue.record("taken")
        } catch { #expect(error.field == "input") }
        var following = try machine(start)
        _ = following.beginFollowing()
        do {
            _ = try following.receivedFrame(try body(FrameEncoder.upload([1])))
            Issue.record("taken")
        } catch let error as ProtocolError { #expect(error.field == "upload") }
    }

    @Test("FIN is the end of input, never a cancel")
    func ends() throws {
        var early = try machine(start)
        guard case .none = early.receivedEnd(insideFrame: false) else {
            return #expect(Bool(false))
        }
        let begun = early.beginUpload(remaining: 1)
        #expect(!begun)
        guard case .endInput = early.beginFollowing() else { return #expect(Bool(false)) }
        var nothing = try machine(nil)
        guard case .close = nothing.receivedEnd(insideFrame: false) else {
            return #expect(Bool(false))
        }
        var cut = try machine(nil)
        guard case .refuse = cut.receivedEnd(insideFrame: true) else { return #expect(Bool(false)) }
        var uploading = try machine(start)
        _ = uploading.beginUpload(remaining: 1)
        guard case .refuse = uploading.receivedEnd(insideFrame: false) else {
            return #expect(Bool(false))
        }
    }

    @Test("A reset cancels, but only lets go of stdin once the process runs")
    func resets() throws {
        var judging = try machine(start)
        guard case .cancel = judging.receivedReset() else { return #expect(Bool(false)) }
        let said = judging.finish()
        #expect(!said)
        var following = try machine(start)
        _ = following.beginFollowing()
        guard case .detachInput = following.receivedReset() else { return #expect(Bool(false)) }
        guard case .cancel = following.receivedStopSending() else { return #expect(Bool(false)) }
        guard case .none = following.receivedStopSending() else { return #expect(Bool(false)) }
        var wait = try machine(RequestFixtures.all[4])
        guard case .noInput = wait.beginFollowing() else { return #expect(Bool(false)) }
        guard case .cancel = wait.receivedReset() else { return #expect(Bool(false)) }
    }

    @Test("No order of frames, ends and resets does more than be refused", arguments: 1...500)
    func anyOrder(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var machine = try machine(nil)
        let requests = try RequestFixtures.all.map { try RequestFixtures.bytes($0) }
        let frames =
            try [
                body(FrameEncoder.upload([1])), body(FrameEncoder.input([1])), [], [0xff],
            ] + requests
        for _ in 0..<30 {
            switch random.next() % 10 {
            case 0: _ = machine.receivedEnd(insideFrame: .random(using: &random))
            case 1: _ = machine.receivedReset()
            case 2: _ = machine.receivedStopSending()
            default: _ = try? machine.receivedFrame(frames[Int(random.next() % 10)])
            }
        }
        let wanted = machine.wantsFrames
        let finished = machine.isFinished
        #expect(!(wanted && finished))
    }
}
