import Foundation

/// Where the things lie that these tests run: the commands beside the test program, the guests and
/// tools that scripts/setup and scripts/guests made.
enum Checkout {
    /// The package's folder; the sources may be linked into another one.
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folder of the test program, which is that of the commands.
    static let binaries: URL = {
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: program).deletingLastPathComponent()
    }()

    /// The guest of that name, built from Sources/Examples/Guests if it is out of date.
    static func guest(_ name: String) async throws -> String {
        try await guests.value
        return root.appending(path: ".build/guests/\(name).wasm").path
    }

    /// One build for all tests of a run.
    private static let guests = Task {
        let result = try await Command.run(root.appending(path: "scripts/guests").path, [])
        guard result.code == 0 else {
            throw MissingTool(message: "scripts/guests: \(result.errors)")
        }
    }

    /// MicroPython for WASI, as scripts/setup fetched it.
    static var microPython: String { root.appending(path: ".deps/guests/micropython.wasm").path }

    /// The Python that has aioquic and protobuf.
    static var python: String { root.appending(path: ".deps/venv/bin/python").path }
}

/// Something that scripts/setup would have made is not there.
struct MissingTool: Error {
    let message: String
}
