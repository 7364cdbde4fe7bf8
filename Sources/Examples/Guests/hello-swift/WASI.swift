// The three WASI functions this guest needs. Their signatures are those of preview 1; results go to
// pointers, the return value is an errno.

@_extern(wasm, module: "wasi_snapshot_preview1", name: "args_sizes_get")
@_extern(c, "args_sizes_get")
func argumentSizes(
    _ count: UnsafeMutablePointer<UInt32>, _ bytes: UnsafeMutablePointer<UInt32>
) -> Int32

@_extern(wasm, module: "wasi_snapshot_preview1", name: "args_get")
@_extern(c, "args_get")
func argumentBytes(
    _ pointers: UnsafeMutablePointer<UInt32>, _ bytes: UnsafeMutablePointer<UInt8>
) -> Int32

@_extern(wasm, module: "wasi_snapshot_preview1", name: "fd_write")
@_extern(c, "fd_write")
func writeVectors(
    _ descriptor: Int32, _ vectors: UnsafeRawPointer, _ count: Int32,
    _ written: UnsafeMutablePointer<UInt32>
) -> Int32

/// One piece of a write: where in the guest's memory, and how long.
struct OutputVector {
    var address: UInt32
    var count: UInt32
}

enum Arguments {
    /// The program's arguments, its own name first; empty when there are none to be had.
    static func all() -> [String] {
        var count: UInt32 = 0
        var size: UInt32 = 0
        guard argumentSizes(&count, &size) == 0, count > 0, size > 0 else { return [] }
        var pointers = [UInt32](repeating: 0, count: Int(count))
        var bytes = [UInt8](repeating: 0, count: Int(size))
        guard argumentBytes(&pointers, &bytes) == 0 else { return [] }
        // The strings lie one after the other, each with a zero behind it.
        return bytes.split(separator: 0, maxSplits: Int(count), omittingEmptySubsequences: false)
            .prefix(Int(count)).map { String(decoding: $0, as: UTF8.self) }
    }
}

enum Output {
    /// Writes all of `text` to standard output. Short writes are legal and gone on from.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var done = 0
            while done < buffer.count {
                var vector = OutputVector(
                    address: UInt32(UInt(bitPattern: base + done)),
                    count: UInt32(buffer.count - done))
                var written: UInt32 = 0
                guard writeVectors(1, &vector, 1, &written) == 0, written > 0 else { return }
                done += Int(written)
            }
        }
    }
}
