/// A first look at a module's bytes, before a compiler sees them: what is too large is refused cheap.
///
/// Sections as in the WebAssembly core specification, 5.5: an id, a length, and for those counted
/// here a vector, whose length comes first. Whether the content is valid is the compiler's business.
public struct ModuleScan: Sendable, Hashable {
    public private(set) var imports: UInt32 = 0
    public private(set) var functions: UInt32 = 0
    public private(set) var exports: UInt32 = 0

    /// Counts what a module has. Fails with `invalid`: no module, another version, cut off, or
    /// beyond a limit.
    public init(_ bytes: [UInt8]) throws(KernelError) {
        guard bytes.starts(with: [0x00, 0x61, 0x73, 0x6d]) else {
            throw KernelError(.invalid, "this is no WebAssembly module (it does not begin with \\0asm)")
        }
        guard bytes.count >= 8, bytes[4] == 1, bytes[5] == 0, bytes[6] == 0, bytes[7] == 0 else {
            throw KernelError(
                .invalid, "this is no WebAssembly module of version 1",
                remedy: bytes.count >= 8 && bytes[6] == 1 ? "components are not supported: build a core module" : "")
        }
        var position = 8
        while position < bytes.count {
            let id = bytes[position]
            position += 1
            let size = try Self.number(bytes, &position)
            guard UInt64(size) <= UInt64(bytes.count - position) else { throw Self.cutOff }
            let end = position + Int(size)
            switch id {
            case 2: imports = try Self.number(bytes, &position)
            case 3: functions = try Self.number(bytes, &position)
            case 7: exports = try Self.number(bytes, &position)
            default: break
            }
            guard position <= end else { throw Self.cutOff }
            position = end
        }
        try Self.limit(imports, Limits.moduleImports, "imports")
        try Self.limit(exports, Limits.moduleExports, "exports")
        try Self.limit(functions, Limits.moduleFunctions, "functions")
    }

    private static let cutOff = KernelError(.invalid, "this WebAssembly module is cut off")

    private static func limit(_ count: UInt32, _ most: Int, _ what: String) throws(KernelError) {
        guard count <= most else {
            throw KernelError(.invalid, "this module has \(count) \(what), at most \(most) are allowed")
        }
    }

    /// An unsigned LEB128 of at most 32 bits.
    private static func number(_ bytes: [UInt8], _ position: inout Int) throws(KernelError) -> UInt32 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 35, by: 7) {
            guard position < bytes.count else { throw cutOff }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 {
                guard let number = UInt32(exactly: value) else { throw cutOff }
                return number
            }
        }
        throw cutOff
    }
}
