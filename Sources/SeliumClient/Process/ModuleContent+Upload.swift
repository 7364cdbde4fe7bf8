internal import Logging
internal import SeliumProtocol

extension ModuleContent {
    /// Bytes of one upload frame.
    private static let uploadChunk = ProtocolConfiguration.standard.bulkFrame - 16

    /// Sends the bytes from `offset` on.
    ///
    /// - Parameter isLast: nothing follows them on the stream.
    nonisolated(nonsending) func send(
        from offset: UInt64, over exchange: Exchange, isLast: Bool, _ logger: Logger,
        _ progress: (@Sendable (StartProgress) -> Void)?
    ) async throws(ClientError) {
        let size = size
        progress?(.uploading(done: offset, total: size))
        logger.debug(
            offset == 0 ? "sending the module" : "sending the rest of the module",
            metadata: [
                "module": "\(name)", "sha256": "\(Hexadecimal.text(digest))",
                "from": "\(offset)", "bytes": "\(size)",
            ])
        try await read(from: offset, count: Self.uploadChunk) {
            bytes, position throws(ClientError) in
            let end = isLast && position == size
            let goesOn = try await exchange.write(FrameEncoder.upload(bytes), end: end)
            exchange.heard()
            progress?(.uploading(done: position, total: size))
            return goesOn
        }
    }
}
