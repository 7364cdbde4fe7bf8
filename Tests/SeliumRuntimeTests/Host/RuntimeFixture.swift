import Foundation
import Logging
import SeliumHosting
import SeliumKernel
import SeliumRuntime
import SeliumTestSupport
import SeliumWasm

/// A runtime in a temporary work directory, for the time of `body`.
enum RuntimeFixture {
    /// Everything that the tests of one run make; it goes when they are over.
    private static let root: String = {
        let path = NSTemporaryDirectory() + "selium-runtime-tests-" + UUID().uuidString
        atexit { try? FileManager.default.removeItem(atPath: RuntimeFixture.root) }
        return path
    }()

    static func directory() throws -> String {
        let path = root + "/" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path + "/modules", withIntermediateDirectories: true)
        return path
    }

    static func makeFolder(_ path: String, _ mode: Int) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    static func open(
        _ directory: String, compiler: any ModuleCompiling = InProcessCompiler(),
        compilers: Int? = nil, ceiling: Int? = nil,
        uploadPatience: UInt64 = Limits.uploadPatience,
        logStorage: Runtime.LogStorage = .disk(SegmentRetention())
    ) throws -> Runtime {
        try Runtime(
            Runtime.Configuration(
                workDirectory: directory, compiler: compiler, compilers: compilers,
                processCeiling: ceiling,
                uploadPatience: uploadPatience, logStorage: logStorage,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    static func with<R>(
        uploadPatience: UInt64 = Limits.uploadPatience,
        logStorage: Runtime.LogStorage = .disk(SegmentRetention()),
        _ body: (Runtime, String) async throws -> R
    ) async throws -> R {
        let path = try directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let runtime = try open(path, uploadPatience: uploadPatience, logStorage: logStorage)
        do {
            let result = try await body(runtime, path)
            await runtime.shutDown()
            return result
        } catch {
            await runtime.shutDown()
            throw error
        }
    }
}
