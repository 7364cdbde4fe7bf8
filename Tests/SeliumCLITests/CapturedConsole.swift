import Synchronization

@testable import SeliumCLI

/// Keeps what a command writes.
final class CapturedOutput: OutputSink {
    private let bytes = Mutex<[UInt8]>([])
    private let isClosed: Bool

    init(isClosed: Bool = false) { self.isClosed = isClosed }

    func write(_ more: [UInt8]) async throws(ClosedOutput) {
        guard !isClosed else { throw ClosedOutput() }
        bytes.withLock { $0 += more }
    }

    func post(_ more: [UInt8], asJSON: Bool) { bytes.withLock { $0 += more } }

    func drain() async {}

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    var raw: [UInt8] { bytes.withLock { $0 } }
}

/// No input at all.
struct NoInput: InputSource {
    func read() async -> [UInt8] { [] }
}

/// What came of one command line.
struct Outcome {
    let status: ExitStatus
    let out: String
    let err: String
}

/// Runs a command line without a terminal, a network or a clock.
func run(_ arguments: String..., environment: [String: String] = [:]) async -> Outcome {
    await run(arguments, environment: environment)
}

func run(_ arguments: [String], environment: [String: String] = [:], closedOut: Bool = false) async
    -> Outcome
{
    let (out, err) = (CapturedOutput(isClosed: closedOut), CapturedOutput())
    let status = await Program.run(arguments, .captured(out, err, environment: environment))
    return Outcome(status: status, out: out.text, err: err.text)
}

extension Console {
    static func captured(
        _ out: CapturedOutput, _ err: CapturedOutput, environment: [String: String] = [:],
        isTerminal: Bool = false
    ) -> Console {
        Console(
            out: out, err: err, input: NoInput(), isOutTerminal: isTerminal,
            isErrTerminal: isTerminal,
            isInputTerminal: false, environment: environment, now: { 1_795_000_000_000_000_000 })
    }
}
