package import SeliumABI
internal import SeliumKernel

/// A program for `InMemoryProcessHost`: text that plays the part of a module.
///
/// The first line is `#selium-script`; then one command a line:
///
///     print TEXT     a line on stdout
///     error TEXT     a line on stderr
///     write TEXT     on stdout, without a newline
///     lines N        N lines `line 1`, `line 2`, …
///     fill N         N bytes of 63-letter lines
///     echo           copies stdin to stdout until stdin ends
///     ready          says that it is ready
///     wait           goes on only when it is stopped
///     flood N        N lines before every read of its log, for ever
///     import CAP     imports something that needs a capability
///     entry NAME     another entrypoint besides `_start`
///     exit N         ends with that code
///     trap KIND      ends with a trap
///
/// A script without an end returns.
package struct Script: Sendable, Hashable {
    enum Command: Sendable, Hashable {
        case text(LogStream, [UInt8])
        case echo
        case ready
        case wait
        case flood(lines: Int)
        case exit(UInt32)
        case trap(String)
    }

    var commands: [Command] = []
    package private(set) var imports: [Capability] = []
    package private(set) var entrypoints: Set<String> = ["_start"]

    /// The module's bytes for these commands.
    package static func module(_ commands: String...) -> [UInt8] {
        Array(("#selium-script\n" + commands.joined(separator: "\n") + "\n").utf8)
    }

    /// Reads a module; nil when the bytes are no script.
    package init?(_ bytes: [UInt8]) {
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.first == "#selium-script" else { return nil }
        lines.removeFirst()
        for line in lines {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard let verb = parts.first else { continue }
            guard add(String(verb), parts.count > 1 ? String(parts[1]) : "") else { return nil }
        }
    }

    private mutating func add(_ verb: String, _ rest: String) -> Bool {
        switch verb {
        case "print": commands.append(.text(.stdout, Array((rest + "\n").utf8)))
        case "error": commands.append(.text(.stderr, Array((rest + "\n").utf8)))
        case "write": commands.append(.text(.stdout, Array(rest.utf8)))
        case "lines":
            guard let count = Int(rest), count > 0 else { return false }
            commands.append(.text(.stdout, Script.lines(count)))
        case "fill":
            guard let count = Int(rest), count > 0 else { return false }
            let line = Array(repeating: UInt8(ascii: "x"), count: 63) + [0x0a]
            commands.append(.text(.stdout, (0..<count).map { line[$0 % 64] }))
        case "echo": commands.append(.echo)
        case "ready": commands.append(.ready)
        case "wait": commands.append(.wait)
        case "flood":
            guard let count = Int(rest), count > 0 else { return false }
            commands.append(.flood(lines: count))
        case "import":
            guard let capability = Capability(name: rest) else { return false }
            imports.append(capability)
        case "entry": entrypoints.insert(rest)
        case "exit":
            guard let code = UInt32(rest) else { return false }
            commands.append(.exit(code))
        case "trap": commands.append(.trap(rest))
        default: return false
        }
        return true
    }

    static func lines(_ count: Int) -> [UInt8] {
        (1...count).flatMap { Array("line \($0)\n".utf8) }
    }
}
