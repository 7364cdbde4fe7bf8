import Dispatch
import Glibc

/// What ends the runtime: SIGTERM and SIGINT, and the end of stdin where that was agreed.
final class Signals: Sendable {
    /// SIGTERM or SIGINT, in order. Two are enough: the second one means now.
    let received: AsyncStream<Int32>
    /// SAFETY: made once and only kept alive; libdispatch guards its objects itself.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    init() {
        let queue = DispatchQueue(label: "selium.signals")
        let (stream, continuation) = AsyncStream.makeStream(
            of: Int32.self, bufferingPolicy: .bufferingOldest(2))
        received = stream
        unsafe sources = [SIGTERM, SIGINT].map { number in
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
    }

    /// Ends the process, guests and all, as soon as stdin does, and with it the directory that was
    /// made for it alone: keys are in there, and whoever made it may be dead.
    static func endWithStdin(removing directory: String) {
        DispatchQueue(label: "selium.stdin").async {
            var byte: UInt8 = 0
            while true {
                let count = unsafe read(STDIN_FILENO, &byte, 1)
                guard count == 0 || (count < 0 && errno != EINTR) else { continue }
                PrivateDirectory.removeForGood(directory)
                _exit(0)
            }
        }
    }
}
