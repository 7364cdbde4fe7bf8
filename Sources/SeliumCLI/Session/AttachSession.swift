internal import SeliumClient

/// Follows one process until it ends, somebody detaches, or nobody reads any more.
struct AttachSession {
    /// How it was left.
    enum Ending: Sendable {
        /// The process has ended; records that are missing from what was written, and whether the
        /// runtime's words about its memory were.
        case ended(ExitRecord, missing: UInt64, saidMemory: Bool)
        /// SIGINT or SIGTERM.
        case signal(SignalWatch.Event)
        /// The detach key.
        case detached
    }

    let console: Console
    let form: RecordForm
    let signals: SignalWatch
    let sendsInput: Bool
    /// Whether a signal ends the session; where not, somebody else waits for it.
    var heedsSignals = true
    /// Whether the process may be left alone.
    var allowsDetaching = true
    /// Whether Ctrl-] in the input detaches: only where a person types.
    var hasDetachKey: Bool { sendsInput && allowsDetaching && console.isInputTerminal }

    /// Follows an attachment.
    func run(_ attachment: Attachment, id: UInt64) async throws -> Ending {
        let restore = hasDetachKey ? Terminal.deliverDetachKey() : nil
        defer { restore?() }
        return try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask { try await follow(attachment, id) }
            if heedsSignals { group.addTask { await signals.next().map(Ending.signal) } }
            if sendsInput { group.addTask { try await sendInput(attachment) } }
            defer { group.cancelAll() }
            // The input's end ends nothing else; everything else ends the session.
            while let ending = try await group.next() {
                if let ending { return ending }
            }
            throw CancellationError()
        }
    }

    private func follow(_ attachment: Attachment, _ id: UInt64) async throws -> Ending {
        var renderer = RecordRenderer(id, form, console)
        for try await item in attachment { try await renderer.render(item) }
        try await renderer.finish()
        guard let exit = await attachment.exit else {
            throw ClientError(.cancelled, "the request was cancelled")
        }
        if form.isJSON { try await console.write(RecordJSON.exit(exit).line) }
        return .ended(
            exit, missing: renderer.missingRecords, saidMemory: renderer.saidMemory)
    }

    private func sendInput(_ attachment: Attachment) async throws -> Ending? {
        while true {
            var bytes = await console.input.read()
            if Task.isCancelled { return nil }
            let detach = hasDetachKey ? bytes.firstIndex(of: Terminal.detachKey) : nil
            if let detach { bytes = Array(bytes[..<detach]) }
            if !bytes.isEmpty { try await attachment.write(stdin: bytes) }
            if detach != nil { return .detached }
            if bytes.isEmpty {
                try await attachment.endInput()
                return nil
            }
        }
    }
}

extension AttachSession {
    /// Once a process exists, a failure of ours is 125: its own code would look like the program's.
    static func afterStart<Value>(
        _ id: UInt64, _ context: CommandContext, command: String = "attach",
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as ClientError {
            var failure = CommandError(error, process: id)
            if error.code == .deadlineExceeded {
                let silence =
                    command == "wait" ? "has not ended within" : "has written nothing for"
                let time = Quantity.text(context.settings.timeout)
                failure.message = "process \(id) \(silence) \(time), the --timeout"
                failure.remedies = ["to go on: selium \(command) \(id)"]
            }
            throw failure.afterStart(of: id)
        } catch let error as ClosedOutput where !error.isQuiet {
            throw CommandError(.failed, error.message).afterStart(of: id)
        }
    }

    /// What the command says and returns for an ending.
    func conclude(_ ending: Ending, id: UInt64, isQuiet: Bool) async -> ExitStatus {
        switch ending {
        case .detached:
            await sayGoesOn(id, isQuiet)
            return .ok
        case .signal(let event):
            await sayGoesOn(id, isQuiet)
            return event.status
        case .ended(let exit, let missing, let saidMemory):
            if !form.isJSON, form.streams == nil, !isQuiet,
                let text = EndText.explanation(exit, process: id, saidMemory: saidMemory)
            {
                let lines = text.split(separator: "\n").map { "selium: \($0)\n" }
                await console.warn(lines.joined())
            } else if !form.isJSON, case .exited(let code) = exit.outcome, code > 255 {
                await console.warn("selium: process \(id) exited with code \(code)\n")
            }
            return missing > 0 && !form.isJSON ? .lost : ExitStatus(mirroring: exit)
        }
    }

    func sayGoesOn(_ id: UInt64, _ isQuiet: Bool) async {
        guard console.isErrTerminal, !isQuiet else { return }
        await console.warn("process \(id) goes on · selium attach \(id) · selium stop \(id)\n")
    }
}
