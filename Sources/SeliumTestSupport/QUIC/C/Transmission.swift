package import SeliumQUICCore

/// What an endpoint sends in one call: the bytes, and where in them which datagram is.
package struct Transmission {
    /// The size that the driver's buffer has too.
    private static let capacity = 65_536

    /// All datagrams, one after the other.
    package private(set) var bytes: [UInt8] = []
    /// Runs of datagrams in `bytes`.
    package private(set) var transmits: [Transmit] = []
    /// There was more to say than fits.
    package private(set) var hasMore = false

    /// Takes what `endpoint` has to send now; `mutation` changes frames before they are sealed.
    package init(
        of endpoint: CoreEndpoint, now: UInt64, mutation: ((inout MutableSpan<UInt8>) -> Void)?
    ) {
        var transmits: [Transmit] = []
        var hasMore = false
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.capacity) { buffer, count in
            var span = unsafe OutputRawSpan(
                buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
            FaultInjection.run(mutating: mutation) {
                hasMore = endpoint.transmit(into: &span, now: now, &transmits)
            }
            count = unsafe span.finalize(for: UnsafeMutableRawBufferPointer(buffer))
        }
        self.transmits = transmits
        self.hasMore = hasMore
    }
}
