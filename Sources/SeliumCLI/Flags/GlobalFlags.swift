internal import ArgumentParser

/// The flags that every command takes, before or after its name. Values are judged in ``Settings``,
/// where those of the environment are judged too.
struct GlobalFlags: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The server's name or address.", valueName: "host"))
    var domain: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The server's UDP port.", valueName: "port"))
    var port: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where ca.crt, client.crt and client.key are.", valueName: "dir"),
        completion: .directory)
    var certDir: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The name the server's certificate must be for.", valueName: "host"))
    var serverName: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Take the four above from a context: selium context ls.", valueName: "name"),
        completion: ContextNames.completion)
    var context: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long the server may be silent, such as 10s or 500ms.", valueName: "duration"))
    var timeout: String?

    @Option(
        name: [.long, .customShort("o")], parsing: .unconditional,
        help: ArgumentHelp(
            "How results are written: table, json, jsonl or name.", valueName: "format"),
        completion: .list(["table", "json", "jsonl", "name"]))
    var output: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How diagnostics and records are written: text or json.", valueName: "format"),
        completion: .list(["text", "json"]))
    var logFormat: String?

    @Flag(name: [.long, .customShort("q")], help: "Say nothing that is not asked for.")
    var quiet = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Colours: auto, always or never.", valueName: "when"),
        completion: .list(["auto", "always", "never"]))
    var color: String?

    @Flag(name: [.long, .customShort("v")], help: "Say what happens on the way.")
    var verbose = false

    init() {}

    /// What was given, by the setting's name.
    var given: [String: String] {
        var values: [String: String] = [:]
        values["domain"] = domain
        values["port"] = port
        values["cert-dir"] = certDir
        values["server-name"] = serverName
        values["context"] = context
        values["timeout"] = timeout
        values["output"] = output
        values["log-format"] = logFormat
        values["color"] = color
        if quiet { values["quiet"] = "true" }
        if verbose { values["verbose"] = "true" }
        return values
    }
}
