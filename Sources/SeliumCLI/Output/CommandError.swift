internal import SeliumClient

/// A command that failed: its exit code, the lines people read, and what json says besides.
struct CommandError: Error, Hashable {
    var status: ExitStatus
    /// Without `error: ` in front; one line.
    var message: String
    /// The lines below it: what to do.
    var remedies: [String]
    /// More members of the JSON object.
    var details: [JSONMember]

    init(
        _ status: ExitStatus, _ message: String, remedies: [String] = [], details: [JSONMember] = []
    ) {
        self.status = status
        self.message = message
        self.remedies = remedies
        self.details = details
    }

    /// Something wrong with the command line.
    static func usage(_ message: String, remedies: [String] = []) -> CommandError {
        CommandError(.usage, message, remedies: remedies)
    }

    /// A failed request.
    init(_ error: ClientError, process: UInt64? = nil) {
        status = ExitStatus(error)
        remedies = []
        details = []
        if let failure = error.connectionFailure {
            let text = ConnectionFailureText(failure)
            message = text.message
            remedies = text.remedies
        } else if let denial = error.denial {
            let text = DenialText(denial, process: process)
            message = text.message
            remedies = text.lines
            details.append(JSONMember("denial", DenialText.json(denial)))
        } else {
            message = Escape.foreign(error.message)
            remedies = Self.remedies(of: error)
        }
        details.append(JSONMember("reason", .string(error.code.description)))
        details.append(JSONMember("retryable", .bool(error.isRetryable)))
        if !error.requestID.isEmpty {
            details.append(JSONMember("request", .string(error.requestID)))
        }
        if case .logRange(let oldest, let last) = error.detail {
            details.append(
                JSONMember(
                    "range",
                    .object([.init("oldest", .unsigned(oldest)), .init("last", .unsigned(last))])))
        }
    }

    private static func remedies(of error: ClientError) -> [String] {
        var lines = error.remedy.isEmpty ? [] : [Escape.foreign(error.remedy)]
        switch error.detail {
        case .field(let field) where !field.isEmpty && error.code == .unimplemented:
            lines.append(
                "the server does not know the field \(Escape.foreign(field)): it is older than this command"
            )
        case .logRange(let oldest, let last):
            let held = last < oldest ? "nothing yet" : "records \(oldest) to \(last)"
            lines.append("the log holds \(held); --from \(last &+ 1) waits for the next one")
        case .reference(let reference) where !reference.isEmpty:
            lines.append("the server's log says more about \(Escape.foreign(reference))")
        default: break
        }
        return lines
    }

    /// Whether a server's log may say more about it: its own errors, what it could not do now, and
    /// that it went away.
    var isPerhapsTheServers: Bool {
        let cause = details.first { $0.name == "cause" }?.value
        return [.serverError, .unreachable, .tryAgain].contains { (possible: ExitStatus) in
            status == possible || cause == .signed(Int64(possible.code))
        }
    }

    /// As people read it on stderr.
    func text(colour: Bool) -> String {
        let label = colour ? "\u{1b}[1;31merror:\u{1b}[0m " : "error: "
        return ([label + message] + remedies).joined(separator: "\n") + "\n"
    }

    /// As programs read it on stderr, one line.
    var json: String {
        var members: [JSONMember] = [
            .init("schema", .string("selium.error/1")), .init("code", .signed(Int64(status.code))),
            .init("message", .string(message)),
        ]
        if !remedies.isEmpty {
            members.append(.init("remedy", .string(remedies.joined(separator: "\n"))))
        }
        return JSONValue.object(members + details).line
    }
}

extension CommandError {
    /// The same failure of a command that mirrors a process which exists: 125, with the reason's own
    /// code in the message and in json.
    func afterStart(of process: UInt64) -> CommandError {
        var failure = self
        failure.details.append(.init("cause", .signed(Int64(status.code))))
        failure.details.append(.init("process", .unsigned(process)))
        failure.message += " (code \(status.code); process \(process) had been started)"
        failure.status = .lost
        return failure
    }
}
