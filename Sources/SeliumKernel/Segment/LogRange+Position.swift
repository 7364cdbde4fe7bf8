extension LogRange {
    /// Records that are kept, `lost` ones within included.
    public var count: UInt64 { last >= oldest ? last - oldest + 1 : 0 }

    /// Whether the record is kept, or was within what is kept.
    public func contains(_ sequence: UInt64) -> Bool { sequence >= oldest && sequence <= last }

    /// Where a reader that asks for `position` begins, and which sequences before that it misses.
    /// Position 0 means the oldest kept, without a gap; `last + 1` is legal and waits.
    ///
    /// Fails with `outOfRange` beyond that.
    public func begin(
        at position: UInt64
    ) throws(KernelError) -> (start: UInt64, missed: ClosedRange<UInt64>?) {
        guard position == 0 || position - 1 <= last else {
            throw KernelError(
                .outOfRange(self), "record \(position) does not exist, the last one is \(last)")
        }
        guard position > 0, position < oldest else { return (max(position, oldest), nil) }
        return (oldest, position...(oldest - 1))
    }
}
