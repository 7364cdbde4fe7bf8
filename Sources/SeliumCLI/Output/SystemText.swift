internal import SeliumClient

/// What the runtime says, in lines for people.
enum SystemText {
    /// The text of a record; nil for begin and end, which are not shown.
    static func text(_ record: SystemRecord, process: UInt64) -> String? {
        switch record.kind {
        case .began, .ended: return nil
        case .unknownImport(let module, let name):
            return
                "the import \(Escape.foreign(module)).\(Escape.foreign(name)) does not exist here; calling it ends the program"
        case .denied(let denial):
            let text = DenialText(denial, process: process)
            return ([text.message] + text.lines).joined(separator: "\n")
        case .note(let text): return Escape.foreign(text)
        case .unknown: return "a record of a kind that this version does not know"
        }
    }

    /// Begin and end, in a few words.
    static func lifecycle(_ record: SystemRecord) -> String {
        switch record.kind {
        case .began(let incarnation): "began (incarnation \(incarnation))"
        case .ended(let exit): EndText.sentence(exit)
        default: ""
        }
    }
}

/// How a process ended, in lines for people.
enum EndText {
    /// `exited with code 7`, `trapped: unreachable`, ….
    static func sentence(_ exit: ExitRecord) -> String {
        switch exit.outcome {
        case .returned: return exit.stopRequested ? "was stopped and returned" : "returned"
        case .exited(let code): return "exited with code \(code)"
        case .trapped(let trap):
            let message = trap.message.isEmpty ? "" : " (\(Escape.foreign(trap.message)))"
            return "trapped: \(Escape.foreign(trap.kind))\(message)"
        case .killed(let reason):
            switch reason {
            case .noStopHandler: return "was stopped"
            case .graceUsedUp: return "was killed: it did not stop in time"
            case .kill: return "was killed"
            case .runtimeShutdown: return "was ended with the runtime"
            case .unknown: return "was ended"
            }
        case .limit("heartbeat"): return "was ended: it did not send the heartbeat it had promised"
        case .limit(let name): return "reached its limit: \(Escape.foreign(name))"
        case .startFailed(let message): return "did not start: \(Escape.foreign(message))"
        case .lost: return "was lost: the runtime ended without a record of it"
        case .unknown: return "ended in a way this version does not know"
        }
    }

    /// How the runtime's own record of a program that ran out of memory begins.
    static let memoryWords = "probably out of memory"

    /// What a command that mirrors the process says on stderr; nil when the exit code says it all.
    ///
    /// - Parameter saidMemory: the runtime's record of its memory was shown: not a second time.
    static func explanation(
        _ exit: ExitRecord, process: UInt64, saidMemory: Bool = false
    ) -> String? {
        let tellsMemory = exit.isProbablyOutOfMemory && !saidMemory
        var lines: [String] = []
        switch exit.outcome {
        case .returned: return nil
        case .exited(let code):
            guard code > 255 || tellsMemory else { return nil }
        case .killed(.noStopHandler): return nil
        case .trapped, .killed, .limit, .startFailed, .lost, .unknown: break
        }
        lines.append("process \(process) \(sentence(exit))")
        if case .trapped(let trap) = exit.outcome {
            // One line a frame: `backtrace` writes the control characters of names as text.
            lines += trap.backtrace.split(separator: "\n").map { "  " + $0 }
        }
        if tellsMemory {
            let (peak, limit) = (Quantity.size(exit.peakMemory), Quantity.size(exit.memoryLimit))
            lines.append(
                "\(memoryWords): it held \(peak) of \(limit); to give it more: --memory SIZE")
        }
        return lines.joined(separator: "\n")
    }
}
