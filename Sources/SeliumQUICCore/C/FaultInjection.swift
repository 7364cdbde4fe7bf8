internal import CQUICTLS

/// For tests: a peer that holds the right keys and says the wrong things.
package enum FaultInjection {
    private final class Mutation {
        let change: (inout MutableSpan<UInt8>) -> Void

        init(_ change: @escaping (inout MutableSpan<UInt8>) -> Void) {
            self.change = change
        }
    }

    /// Lets `change` have the frames of every packet that `body` seals on this thread.
    package static func run(
        mutating change: ((inout MutableSpan<UInt8>) -> Void)?, _ body: () -> Void
    ) {
        guard let change else { return body() }
        let mutation = Mutation(change)
        unsafe quicwatch_set_mutation(
            { context, frames, length in
                guard let context = unsafe context else { return }
                let mutation = unsafe Unmanaged<Mutation>.fromOpaque(context)
                    .takeUnretainedValue()
                let buffer = unsafe UnsafeMutableBufferPointer(start: frames, count: length)
                var span = unsafe buffer.mutableSpan
                mutation.change(&span)
            }, Unmanaged.passUnretained(mutation).toOpaque())
        body()
        quicwatch_set_mutation(nil, nil)
        withExtendedLifetime(mutation) {}
    }
}
