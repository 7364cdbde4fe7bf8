import ArgumentParser

/// Measures one thing and prints one JSON object. `scripts/bench/run` puts the figures beside those of
/// other programs; `scripts/acceptance/run` judges them.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selium-bench",
        abstract: "Measures Selium; each command prints one JSON object.",
        subcommands: [
            RequestCommand.self, StartsCommand.self, StopCommand.self, IdleCommand.self,
            LastSequenceCommand.self, UploadCommand.self, StalledCommand.self,
            HandshakeCommand.self, PairHandshakeCommand.self, ServeCommand.self, EchoCommand.self,
            DownloadCommand.self, UploadStreamCommand.self,
        ])
}
