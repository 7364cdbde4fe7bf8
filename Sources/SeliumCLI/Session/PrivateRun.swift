internal import SeliumClient

/// One program in a private runtime, followed to its end.
struct PrivateRun: Sendable {
    let module: ModuleWord
    let options: StartOptions
    let form: RecordForm
    let context: CommandContext
    let signals: SignalWatch

    /// Starts the program and passes on its output and exit code. The first signal stops it, as `stop`
    /// would, or gives up the start; the second one takes the runtime with it.
    func run(_ runtime: PrivateRuntime) async throws -> ExitStatus {
        let stops = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let started = StartedProcess()
        return try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask { .finished(try await follow(runtime, started, stops.stream)) }
            group.addTask { await signals.next().map(Event.signal) ?? .nothing }
            defer { group.cancelAll() }
            var first: SignalWatch.Event?
            while let event = try await group.next() {
                switch event {
                case .finished(let status): return first?.status ?? status
                case .signal(let signal):
                    guard first == nil, started.id != nil else {
                        runtime.kill()
                        return (first ?? signal).status
                    }
                    first = signal
                    stops.continuation.yield()
                    group.addTask { await signals.next().map(Event.signal) ?? .nothing }
                case .nothing: continue
                }
            }
            return first?.status ?? .lost
        }
    }

    private enum Event: Sendable {
        case finished(ExitStatus)
        case signal(SignalWatch.Event)
        case nothing
    }

    private func follow(
        _ runtime: PrivateRuntime, _ started: StartedProcess, _ stops: AsyncStream<Void>
    ) async throws -> ExitStatus {
        let session = AttachSession(
            console: context.console, form: form, signals: signals, sendsInput: options.takesInput,
            heedsSignals: false, allowsDetaching: false)
        return try await SeliumClient.withConnection(runtime.configuration) { client in
            try await client.withStarted(
                module.source, options, streams: form.streams.map(Array.init) ?? []
            ) { attachment in
                let id = await attachment.process.id
                started.id = id
                return try await AttachSession.afterStart(id, context) {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            for await _ in stops {
                                _ = try? await client.timeout(.seconds(60)).stop(.id(id))
                            }
                        }
                        defer { group.cancelAll() }
                        let ending = try await session.run(attachment, id: id)
                        return await session.conclude(
                            ending, id: id, isQuiet: context.settings.isQuiet)
                    }
                }
            }
        }
    }
}
