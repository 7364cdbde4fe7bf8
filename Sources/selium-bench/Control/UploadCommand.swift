import ArgumentParser
import Foundation
import SeliumClient

/// Starts a file and prints how far its upload is, a line each time: to be killed on the way.
struct UploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload", abstract: "Uploads a module and tells how far it is.")

    @OptionGroup var server: ServerOptions

    @Option(help: "File of the module.")
    var module: String

    func run() async throws {
        try await SeliumClient.withConnection(self.server.configuration()) { selium in
            _ = try await selium.start(.file(self.module)) { progress in
                guard case .uploading(let done, let total) = progress else { return }
                var report = Report()
                report.set("done", done)
                report.set("total", total)
                report.write()
            }
        }
    }
}
