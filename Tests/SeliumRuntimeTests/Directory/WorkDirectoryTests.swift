import Foundation
import SeliumRuntime
import SeliumTesting
import Testing

@Suite("The work directory", .inTurn(minutes: 2))
struct WorkDirectoryTests {
    static func refusal(_ path: String, isDefault: Bool = false) -> RuntimeError? {
        do throws(RuntimeError) {
            _ = try Runtime(
                Runtime.Configuration(
                    workDirectory: path, isDefaultDirectory: isDefault,
                    compiler: InProcessCompiler()))
            return nil
        } catch {
            return error
        }
    }

    @Test("a state folder that others can enter is refused, and how to fix it is said")
    func permissions() throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try RuntimeFixture.makeFolder(path + "/state", 0o755)
        #expect(Self.refusal(path)?.remedy == "fix: chmod 700 \(path)/state")
    }

    @Test("a state folder behind a link is refused")
    func link() throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try RuntimeFixture.makeFolder(path + "/elsewhere", 0o700)
        try FileManager.default.createSymbolicLink(
            atPath: path + "/state", withDestinationPath: path + "/elsewhere")
        #expect(Self.refusal(path)?.message.contains("cannot use") == true)
    }

    @Test("a folder that nobody named is used only if it is empty or looks like a work directory")
    func byDefault() throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.removeItem(atPath: path + "/modules")
        #expect(Self.refusal(path, isDefault: true) == nil)
        try FileManager.default.removeItem(atPath: path + "/state")
        try Data().write(to: URL(fileURLWithPath: path + "/notes.txt"))
        #expect(Self.refusal(path, isDefault: true)?.remedy.contains("--work-dir") == true)
        try RuntimeFixture.makeFolder(path + "/certs", 0o700)
        #expect(Self.refusal(path, isDefault: true) == nil)
    }

    @Test("a folder that does not exist is refused")
    func missing() {
        #expect(Self.refusal("/nonexistent/selium")?.message.contains("cannot open") == true)
    }

    @Test("what is made there is ours alone")
    func modes() async throws {
        try await RuntimeFixture.with { _, path in
            for folder in ["state", "state/modules", "state/uploads", "state/compiled"] {
                let mode = try FileManager.default.attributesOfItem(atPath: path + "/" + folder)[
                    .posixPermissions]
                #expect(mode as? Int == 0o700, "\(folder)")
            }
        }
    }
}
