import SeliumTesting
import Testing

@testable import SeliumCertificates

@Suite("Files are made all or none", .inTurn())
struct UndoTests {
    let place = TemporaryDirectory()

    @Test("when one of them fails, those before it go again and others stay", arguments: 0..<4)
    func undo(_ failing: Int) throws {
        place.write("theirs", "mine")
        let handle = try DirectoryHandle.openOrMake(place.path)
        var files = [("a", "1"), ("b", "2"), ("c", "3")]
        // The first variant fails because there is such a file, the rest because there is no such
        // directory.
        files.insert((failing == 0 ? "theirs" : "no/such", ""), at: failing)
        let error = #expect(throws: CertificateError.self) {
            try CertificateDirectory.create(files, in: handle)
        }
        #expect(error?.code == (failing == 0 ? .alreadyExists : .writeFailed))
        #expect(place.entries() == ["theirs"])
        #expect(place.read("theirs") == "mine")
    }
}
