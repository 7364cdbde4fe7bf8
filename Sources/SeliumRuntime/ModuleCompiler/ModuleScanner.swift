import SeliumKernel

/// Looks at the outline of a module before anybody compiles it: is it one, and is it of a size that
/// a real program has?
///
/// Reads a few bytes per section and trusts no length: a section that ends behind the file, or
/// starts none, is refused. Whether its contents are valid is the compiler's to say.
///
/// What the engine does not tell of a compiled module is in the outline: a memory that is not
/// exported. (An import that is no function is refused by the linker.)
struct ModuleScanner: Sendable {
    /// What a module may have at most.
    struct Bounds: Sendable {
        var bytes: UInt64 = Limits.moduleBytes
        var imports = Limits.moduleImports
        var exports = Limits.moduleExports
        var functions = Limits.moduleFunctions
        var globals = Limits.moduleGlobals
        var sections = Limits.moduleSections
        var tables = Limits.processTables
        var tableElements = Limits.processTableElements
    }

    /// What was counted.
    struct Outline: Sendable, Hashable {
        var imports = 0
        var exports = 0
        var functions = 0
        var globals = 0
        var sections = 0
        var tables = 0
        var memories = 0
        /// What the first memory begins with, in pages of 64 KiB.
        var memoryPages: UInt32 = 0
    }

    /// Why a module is refused: one sentence, of our words.
    struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        let description: String
        /// It could not be read, which says nothing about the module.
        var isUnread = false
    }

    var bounds = Bounds()

    /// Counts, through `read(offset, count)`, which gives at most `count` bytes from `offset` on and
    /// fewer only at the end.
    func scan(
        size: UInt64, read: (_ offset: UInt64, _ count: Int) throws(Refusal) -> [UInt8]
    ) throws(Refusal) -> Outline {
        guard size <= bounds.bytes else {
            throw Refusal(description: "the module is larger than \(bounds.bytes >> 20) MiB")
        }
        try checkHeader(try read(0, 8))
        var outline = Outline()
        var offset: UInt64 = 8
        while offset < size {
            outline.sections += 1
            guard outline.sections <= bounds.sections else {
                throw Self.tooMany("sections", bounds.sections)
            }
            // An id, a length of at most 5 bytes, and what may be a count of at most 5.
            let head = try read(offset, 11)
            guard let id = head.first, let length = Self.number(head[1...]) else {
                throw Self.malformed
            }
            let begin = offset + 1 + UInt64(length.bytes)
            let end = begin + UInt64(length.value)
            guard end <= size else { throw Self.malformed }
            try count(id, head.dropFirst(1 + length.bytes).prefix(Int(length.value)), &outline)
            if id == 4 { try countTables(from: begin, to: end, &outline, read) }
            if id == 5 { try measureMemory(from: begin, to: end, &outline, read) }
            offset = end
        }
        return outline
    }

    /// Looks at the tables of a section: a type, a flag, how many elements each begins with, and
    /// perhaps the most it may have. The engine would say only when an instance is made that these
    /// are too many; nothing runs then, but a process is there.
    private func countTables(
        from begin: UInt64, to end: UInt64, _ outline: inout Outline,
        _ read: (_ offset: UInt64, _ count: Int) throws(Refusal) -> [UInt8]
    ) throws(Refusal) {
        // A number has at most 5 bytes: no table of ours has more than 12.
        let longest = UInt64(5 + 12 * bounds.tables)
        var rest = try read(begin, Int(min(longest, end - begin)))[...]
        let count = try Self.takeNumber(&rest)
        outline.tables += Int(count)
        guard outline.tables <= bounds.tables else {
            throw Refusal(
                description: "the module has more than \(bounds.tables) tables (processTables)")
        }
        for _ in 0..<count {
            guard let type = rest.popFirst() else { throw Self.malformed }
            // Tables with a value to begin with, or of a type of several bytes: features that are
            // off, which the compiler names.
            guard ![0x40, 0x63, 0x64].contains(type) else { return }
            guard let flags = rest.popFirst() else { throw Self.malformed }
            // So are 64-bit and shared ones.
            guard flags <= 1 else { return }
            let elements = try Self.takeNumber(&rest)
            guard elements <= bounds.tableElements else {
                throw Refusal(
                    description:
                        "the module begins with a table of \(elements) elements, more than \(bounds.tableElements) (processTableElements)"
                )
            }
            if flags == 1 { _ = try Self.takeNumber(&rest) }
        }
    }

    /// Reads the first memory of a section: a flag, and its pages at the beginning.
    private func measureMemory(
        from begin: UInt64, to end: UInt64, _ outline: inout Outline,
        _ read: (_ offset: UInt64, _ count: Int) throws(Refusal) -> [UInt8]
    ) throws(Refusal) {
        // Two numbers of at most 5 bytes, and the flag between them.
        var rest = try read(begin, Int(min(11, end - begin)))[...]
        guard try Self.takeNumber(&rest) > 0 else { return }
        guard let flags = rest.popFirst() else { throw Self.malformed }
        // 64-bit and shared ones, and pages of other sizes, are off: the compiler names them.
        guard flags <= 1 else { return }
        outline.memoryPages = try Self.takeNumber(&rest)
    }

    private func checkHeader(_ header: [UInt8]) throws(Refusal) {
        guard header.count == 8, header.starts(with: [0, 0x61, 0x73, 0x6d]) else {
            throw Refusal(description: "this is no WebAssembly module")
        }
        switch Array(header[4...]) {
        case [1, 0, 0, 0]: return
        case [0x0d, 0, 1, 0]:
            throw Refusal(description: "this is a WebAssembly component; this server runs modules")
        default: throw Refusal(description: "this WebAssembly module is of another version than 1")
        }
    }

    private func count(
        _ id: UInt8, _ payload: ArraySlice<UInt8>, _ outline: inout Outline
    ) throws(Refusal) {
        guard [2, 3, 5, 6, 7].contains(id) else { return }
        guard let count = Self.number(payload) else { throw Self.malformed }
        // Sections stand once in a module; adding up costs a liar nothing and us no trust.
        switch id {
        case 2:
            outline.imports += Int(count.value)
            guard outline.imports <= bounds.imports else {
                throw Self.tooMany("imports", bounds.imports)
            }
        case 3:
            outline.functions += Int(count.value)
            guard outline.functions <= bounds.functions else {
                throw Self.tooMany("functions", bounds.functions)
            }
        case 5: outline.memories += Int(count.value)
        case 6:
            outline.globals += Int(count.value)
            guard outline.globals <= bounds.globals else {
                throw Self.tooMany("globals", bounds.globals)
            }
        default:
            outline.exports += Int(count.value)
            guard outline.exports <= bounds.exports else {
                throw Self.tooMany("exports", bounds.exports)
            }
        }
    }

    private static func tooMany(_ what: String, _ limit: Int) -> Refusal {
        Refusal(description: "the module has more than \(limit) \(what)")
    }

    private static var malformed: Refusal {
        Refusal(description: "the module is cut off or malformed")
    }

    private static func takeNumber(_ bytes: inout ArraySlice<UInt8>) throws(Refusal) -> UInt32 {
        guard let found = number(bytes) else { throw malformed }
        bytes = bytes.dropFirst(found.bytes)
        return found.value
    }

    /// An unsigned LEB128 number of at most 32 bits, and how many bytes it takes.
    static func number(_ bytes: ArraySlice<UInt8>) -> (value: UInt32, bytes: Int)? {
        var value: UInt64 = 0
        for (index, byte) in bytes.prefix(5).enumerated() {
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            guard byte & 0x80 != 0 else {
                return UInt32(exactly: value).map { ($0, index + 1) }
            }
        }
        return nil
    }
}
