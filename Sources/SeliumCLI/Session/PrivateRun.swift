internal import SeliumClient

/// One program in a private runtime, followed to its end.
struct PrivateRun: Sendable {
    let module: ModuleWord
    let options: StartOptions
    let form: RecordForm
    let context: CommandContext
    let signals: SignalWatch

    /// Starts the program and passes on its output and exit code.
    func run(_ runtime: PrivateRuntime) async throws -> ExitStatus {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runtime.drainDiagnostics(context) }
            defer { group.cancelAll() }
            return try await SeliumClient.withConnection(runtime.configuration) { client in
                try await client.withStarted(
                    module.source, options, streams: form.streams.map(Array.init) ?? []
                ) { attachment in
                    try await follow(attachment, client, runtime)
                }
            }
        }
    }

    private enum Event: Sendable {
        case ended(AttachSession.Ending)
        case stopped
    }

    private func follow(
        _ attachment: Attachment, _ client: SeliumClient, _ runtime: PrivateRuntime
    ) async throws -> ExitStatus {
        let process = await attachment.process
        let session = AttachSession(
            console: context.console, form: form, signals: signals, sendsInput: options.takesInput,
            detaches: false)
        return try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask { .ended(try await session.run(attachment, id: process.id)) }
            defer { group.cancelAll() }
            var signal: SignalWatch.Event?
            group.addTask {
                // The first signal stops the program, the second one takes the runtime with it.
                guard let first = await signals.next() else { return .stopped }
                return .ended(.signal(first))
            }
            while let event = try await group.next() {
                switch event {
                case .ended(.signal(let event)) where signal == nil:
                    signal = event
                    group.addTask {
                        _ = try? await client.timeout(.seconds(60)).stop(.id(process.id))
                        return .stopped
                    }
                    group.addTask {
                        guard await signals.next() != nil else { return .stopped }
                        runtime.kill()
                        return .ended(.signal(event))
                    }
                case .ended(.signal(let event)): return (signal ?? event).status
                case .ended(let ending):
                    if let signal { return signal.status }
                    return await session.conclude(ending, id: process.id, isQuiet: context.settings.isQuiet)
                case .stopped: continue
                }
            }
            return signal?.status ?? .lost
        }
    }
}
