public import SeliumHosting
public import SeliumKernel

extension Runtime {
    public func inspect(_ id: ProcessID) async throws(HostError) -> ProcessDetail? {
        guard let status = try await status(id) else { return nil }
        let namespace = status.namespace
        let stored = await state.read { database in
            (try database.outline(id, in: namespace), try database.pastEnds(id, in: namespace))
        }
        guard let (outline, past) = stored else {
            throw HostError(
                .unavailable, "the server's state cannot be read", isRetryable: true)
        }
        // The last end is what the row shows, which may be older than what is stored by now.
        let shown = status.exit?.incarnation ?? 0
        let ends = past.filter { $0.incarnation < shown } + (status.exit.map { [$0] } ?? [])
        return ProcessDetail(
            status: status, outline: outline, ends: ends, log: try await logRange(id))
    }

    private func logRange(_ id: ProcessID) async throws(HostError) -> LogRange {
        let oldest = try await logPosition(id, tail: nil, streams: [])
        let next = logs.withLock { $0.next(id) }
        return LogRange(oldest: min(oldest, next), last: next - 1)
    }
}
