/// A (pointer, length) of the guest that does not lie inside its memory.
public struct MemoryFault: Error, Sendable, Hashable {
    public init() {}
}

/// The linear memory of a guest while it stands still.
///
/// Valid only inside the call that got it: it cannot be copied or kept, and the next call gets the
/// memory anew (growth may have moved it). Every accessor checks its range; guest addresses are
/// 32 bits wide, so the sum of pointer and length cannot overflow the 64 bits it is computed in.
@safe public struct GuestMemory: ~Copyable {
    private let base: UnsafeMutableRawPointer?
    /// Bytes.
    public let count: Int

    init(base: UnsafeMutableRawPointer?, count: Int) {
        unsafe self.base = base
        self.count = unsafe base == nil ? 0 : count
    }

    /// Whether `count` bytes from `pointer` on are inside. An empty range at the very end is.
    public func contains(_ pointer: UInt32, _ count: UInt32) -> Bool {
        UInt64(pointer) + UInt64(count) <= UInt64(self.count)
    }

    /// Throws when a range is not inside.
    public func check(_ pointer: UInt32, _ count: UInt32) throws(MemoryFault) {
        guard contains(pointer, count) else { throw MemoryFault() }
    }

    /// Reads a little-endian integer; any alignment.
    public func load<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self, at pointer: UInt32
    ) throws(MemoryFault) -> T {
        try check(pointer, UInt32(MemoryLayout<T>.size))
        guard let base = unsafe base else { throw MemoryFault() }
        return unsafe T(
            littleEndian: (base + Int(pointer)).loadUnaligned(as: T.self))
    }

    /// Writes a little-endian integer; any alignment.
    public func store<T: FixedWidthInteger & BitwiseCopyable>(
        _ value: T, at pointer: UInt32
    ) throws(MemoryFault) {
        try check(pointer, UInt32(MemoryLayout<T>.size))
        guard let base = unsafe base else { throw MemoryFault() }
        unsafe (base + Int(pointer)).storeBytes(of: value.littleEndian, as: T.self)
    }

    /// A copy of a range.
    public func bytes(at pointer: UInt32, count: UInt32) throws(MemoryFault) -> [UInt8] {
        var copy: [UInt8] = []
        try append(at: pointer, count: count, to: &copy)
        return copy
    }

    /// Appends a copy of a range to `bytes`.
    public func append(
        at pointer: UInt32, count: UInt32, to bytes: inout [UInt8]
    ) throws(MemoryFault) {
        try check(pointer, count)
        guard count > 0, let base = unsafe base else { return }
        unsafe bytes.append(
            contentsOf: UnsafeRawBufferPointer(start: base + Int(pointer), count: Int(count)))
    }

    /// Lends a range for reading.
    public func withBytes<Result>(
        at pointer: UInt32, count: UInt32, _ body: (RawSpan) -> Result
    ) throws(MemoryFault) -> Result {
        try check(pointer, count)
        let start =
            unsafe count == 0 ? nil : base.map { unsafe UnsafeRawPointer($0) + Int(pointer) }
        let buffer = unsafe UnsafeRawBufferPointer(
            start: start, count: start == nil ? 0 : Int(count))
        return unsafe body(buffer.bytes)
    }

    /// Lends a range for writing.
    public func withMutableBytes<Result>(
        at pointer: UInt32, count: UInt32, _ body: (inout MutableRawSpan) -> Result
    ) throws(MemoryFault) -> Result {
        try check(pointer, count)
        let start = unsafe count == 0 ? nil : base.map { unsafe $0 + Int(pointer) }
        let buffer = unsafe UnsafeMutableRawBufferPointer(
            start: start, count: start == nil ? 0 : Int(count))
        var span = unsafe buffer.mutableBytes
        return body(&span)
    }

    /// Copies bytes into the guest.
    public func write(_ bytes: [UInt8], at pointer: UInt32) throws(MemoryFault) {
        try write(bytes[...], at: pointer)
    }

    /// Copies bytes into the guest.
    public func write(_ bytes: ArraySlice<UInt8>, at pointer: UInt32) throws(MemoryFault) {
        guard let count = UInt32(exactly: bytes.count) else { throw MemoryFault() }
        try check(pointer, count)
        guard count > 0, let base = unsafe base else { return }
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + Int(pointer)).copyMemory(from: start, byteCount: source.count)
        }
    }
}
