internal import ArgumentParser
internal import SeliumClient

/// `selium info`
struct Info: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Say what the server is and who it takes you for.",
        discussion: """
            With --show-origin it says instead where each of your settings comes from, and asks nobody.

            EXAMPLES
              selium info
              selium info --show-origin
            """)

    @Flag(help: "Where each setting comes from: flag, environment, context or default.")
    var showOrigin = false

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        if showOrigin {
            try await writeOrigins(context)
            return .ok
        }
        return try await context.withClient { client in
            try await write(try await client.info(), context)
            return .ok
        }
    }

    private func writeOrigins(_ context: CommandContext) async throws {
        var table = Table(["SETTING", "VALUE", "ORIGIN"])
        var members: [JSONValue] = []
        for (setting, given, origin) in context.settings.origins {
            let (value, why) = given == nil ? implied(setting, context) : (given, "")
            let shown =
                switch origin {
                case .environment: "environment (\(setting.variable))"
                case .context: "context (\(context.settings.context.context?.name ?? ""))"
                case .file: "file (\(context.settings.context.file))"
                case .flag, .standard: origin.rawValue + why
                }
            table.append([setting.name, value.map(Escape.foreign) ?? "-", shown])
            members.append(
                .object([
                    .init("name", .string(setting.name)), .init("value", .optional(value)),
                    .init("origin", .string(origin.rawValue)),
                    .init("variable", .string(setting.variable)),
                ]))
        }
        let names = context.settings.origins.map { $0.setting.name + "\n" }.joined()
        try await context.write(
            schema: "selium.settings/1", table: table.text, name: names,
            [.init("settings", .array(members))])
    }

    /// What is taken when nobody says, for settings whose default depends on something.
    private func implied(_ setting: Setting, _ context: CommandContext) -> (String?, String) {
        switch setting.name {
        case "server-name": return (context.settings.domain, " (the domain)")
        case "cert-dir":
            do {
                if let place = try SeliumClient.CertificateSource.standardPlace() {
                    return (place, "")
                }
                return (nil, " (none in ./certs or ~/.config/selium/certs)")
            } catch {
                return (nil, " (\(Escape.foreign(error.message)))")
            }
        default: return (nil, "")
        }
    }

    private func write(_ info: ServerInfo, _ context: CommandContext) async throws {
        let expires = info.certificateExpiresAt
        var table = Table([])
        table.append([
            "server",
            "\(ConnectionFailureText.place(context.settings.domain, context.settings.port))",
        ])
        table.append(["version", Escape.foreign(info.version)])
        table.append(["engine", Escape.foreign(info.engine)])
        table.append(["started", Timestamp.date(info.startedAt / 1_000_000_000)])
        let ceiling = info.processCeiling == 0 ? "" : " of \(info.processCeiling)"
        table.append(["processes", "\(info.livingProcesses)\(ceiling)"])
        table.append(["logs", Quantity.size(info.logBytes)])
        table.append(["you are", "\(Escape.foreign(info.identity)) (\(Escape.foreign(info.role)))"])
        table.append(["namespace", Escape.foreign(info.namespace)])
        if expires != 0 { table.append(["certificate", "until \(Timestamp.date(expires))"]) }
        try await context.write(
            schema: "selium.server/1", table: table.text, name: info.version + "\n",
            [
                .init("version", .string(info.version)), .init("engine", .string(info.engine)),
                .init("startedAt", .string(Timestamp.precise(info.startedAt))),
                .init("livingProcesses", .unsigned(UInt64(info.livingProcesses))),
                .init(
                    "processCeiling",
                    info.processCeiling == 0 ? .null : .unsigned(UInt64(info.processCeiling))),
                .init("logBytes", .unsigned(info.logBytes)),
                .init("identity", .string(info.identity)),
                .init("role", .string(info.role)), .init("namespace", .string(info.namespace)),
                .init(
                    "certificateExpiresAt",
                    expires == 0 ? .null : .string(Timestamp.precise(expires.saturatedNanoseconds))),
            ])
    }
}

extension Int64 {
    /// Seconds as nanoseconds, as far as those go.
    fileprivate var saturatedNanoseconds: Int64 {
        let (product, isTooLarge) = multipliedReportingOverflow(by: 1_000_000_000)
        return isTooLarge ? (self < 0 ? .min : .max) : product
    }
}
