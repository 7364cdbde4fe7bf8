import SeliumABI
import SeliumWasm

extension WASI {
    /// A call that names a path: the capability it needs, its type, and where its path is.
    struct PathCall: Sendable {
        let name: String
        let capability: Capability
        let parameters: [WasmKind]
        /// Index of the parameter that points to the path; its length follows.
        let path: Int
    }

    static let pathCalls: [PathCall] = [
        PathCall(
            name: "path_create_directory", capability: .fsWrite, parameters: [.i32, .i32, .i32],
            path: 1),
        PathCall(
            name: "path_filestat_get", capability: .fsRead,
            parameters: [.i32, .i32, .i32, .i32, .i32], path: 2),
        PathCall(
            name: "path_filestat_set_times", capability: .fsWrite,
            parameters: [.i32, .i32, .i32, .i32, .i64, .i64, .i32], path: 2),
        PathCall(
            name: "path_link", capability: .fsWrite,
            parameters: [.i32, .i32, .i32, .i32, .i32, .i32, .i32], path: 2),
        PathCall(
            name: "path_open", capability: .fsRead,
            parameters: [.i32, .i32, .i32, .i32, .i32, .i64, .i64, .i32, .i32], path: 2),
        PathCall(
            name: "path_readlink", capability: .fsRead,
            parameters: [.i32, .i32, .i32, .i32, .i32, .i32], path: 1),
        PathCall(
            name: "path_remove_directory", capability: .fsWrite, parameters: [.i32, .i32, .i32],
            path: 1),
        PathCall(
            name: "path_rename", capability: .fsWrite,
            parameters: [.i32, .i32, .i32, .i32, .i32, .i32], path: 1),
        PathCall(
            name: "path_symlink", capability: .fsWrite, parameters: [.i32, .i32, .i32, .i32, .i32],
            path: 0),
        PathCall(
            name: "path_unlink_file", capability: .fsWrite, parameters: [.i32, .i32, .i32], path: 1),
    ]

    /// The most bytes of a path that a denial shows.
    private static let shownPathBytes: UInt32 = 256

    /// No directory is ever open in this version, so a path leads nowhere; what it would need is
    /// said in the denial.
    static var files: [HostFunction] {
        pathCalls.map { path in
            immediate(path.name, path.parameters) { call, process throws(MemoryFault) in
                let count = call.u32(path.path + 1)
                try call.memory.check(call.u32(path.path), count)
                let text = try call.memory.bytes(
                    at: call.u32(path.path), count: min(count, shownPathBytes))
                guard
                    process.authority.permits(
                        path.capability, for: String(decoding: text, as: UTF8.self))
                else {
                    return .notCapable
                }
                return .badDescriptor
            }
        }
    }
}
