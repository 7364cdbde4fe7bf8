internal import ArgumentParser

/// `selium completion SHELL`
struct Completion: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a completion script for a shell.",
        discussion: """
            EXAMPLES
              selium completion bash > ~/.local/share/bash-completion/completions/selium
              selium completion fish > ~/.config/fish/completions/selium.fish
            """)

    @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"]))
    var shell: String

    @OptionGroup(title: "Global options") var global: GlobalFlags

    var usesContext: Bool { false }

    func validate() throws {
        guard CompletionShell(rawValue: shell) != nil else {
            throw ValidationError(
                "no completions for '\(shell)'; there are some for bash, zsh and fish")
        }
    }

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        guard let shell = CompletionShell(rawValue: shell) else { return .usage }
        try await context.console.write(Selium.completionScript(for: shell) + "\n")
        return .ok
    }
}
