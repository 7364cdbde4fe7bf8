internal import SeliumQUIC

/// What the connection's requests hold, counted for its identity.
extension ConnectionSession {
    /// Counts bytes that are about to be held; false when the identity has too many already.
    func reserve(_ bytes: Int, isBulk: Bool = false) async -> Bool {
        if !account.reserve(bytes, isBulk: isBulk) {
            // What was written may have arrived meanwhile.
            await sampleBuffers()
            guard account.reserve(bytes, isBulk: isBulk) else { return false }
        }
        withBuffers { $0.changeInHand(by: bytes) }
        return true
    }

    /// Whether anything more may be taken for this identity.
    func hasRoom() async -> Bool {
        if account.hasRoom { return true }
        await sampleBuffers()
        return account.hasRoom
    }

    /// Counts bytes that are held already, or gives them back.
    func changeInHand(by bytes: Int) {
        guard bytes != 0 else { return }
        withBuffers { $0.changeInHand(by: bytes) }
        account.changeBuffered(by: bytes)
    }

    /// Bytes went to a stream, which holds them until they are acknowledged.
    func wrote(_ bytes: Int) async {
        let isDue = withBuffers { buffers in
            buffers.wrote(bytes)
            return buffers.sinceSample >= configuration.bufferSample
        }
        account.changeBuffered(by: bytes)
        if isDue { await sampleBuffers() }
    }

    /// Looks at what the streams hold.
    func sampleBuffers() async {
        guard isServing || !withBuffers({ $0.isEmpty }) else { return }
        let held = await connection.bufferedBytes()
        let change = withBuffers { buffers in
            let before = buffers.total
            buffers.sampled(held)
            return buffers.total - before
        }
        account.changeBuffered(by: change)
    }

    /// The connection is over, and everything it held is gone.
    func forgetBuffers() {
        account.changeBuffered(by: -withBuffers { $0.end() })
    }
}
