internal import Logging
internal import SeliumProtocol

/// A start that may be sent more than once: the same key every time, so that it happens once.
final class StartCall: Sendable {
    private let reference: WireModuleRef
    private let content: ModuleContent?
    private let moduleName: String
    let options: StartOptions
    private let isDryRun: Bool
    private let key: [UInt8]
    private let progress: (@Sendable (StartProgress) -> Void)?

    /// Reads and hashes the module where it is ours.
    init(
        _ module: ModuleSource, _ options: StartOptions, isDryRun: Bool, key: [UInt8],
        progress: (@Sendable (StartProgress) -> Void)?
    ) throws(ClientError) {
        // On the wire it would be the bare capability.
        if let grant = options.capabilities.first(where: { $0.scope?.isEmpty == true }) {
            throw ClientError(.invalidArgument, "the scope of \(grant.capability) is empty")
        }
        switch module {
        case .file(let path): content = try ModuleContent(file: path)
        case .bytes(let bytes, let name): content = try ModuleContent(bytes: bytes, name: name)
        case .name, .digest: content = nil
        }
        switch module {
        case .name(let name):
            reference = WireModuleRef(name: name)
            moduleName = name
        case .digest(let digest):
            reference = WireModuleRef(digestBytes: digest)
            moduleName = "sha256:" + Hexadecimal.text(digest)
        case .file, .bytes:
            reference = WireModuleRef(digestBytes: content?.digest ?? [])
            moduleName = content?.name ?? ""
        }
        self.options = options
        self.isDryRun = isDryRun
        self.key = key
        self.progress = progress
    }

    /// Sends the request, the module if it is wanted, and returns when the process exists, or for a
    /// dry run when it is judged.
    ///
    /// - Parameter follow: the log to go on with; nil for none. With it, or with input, the reader
    ///   goes on after this.
    nonisolated(nonsending) func begin(
        _ client: SeliumClient, follow: WireLogRequest?
    ) async throws(ClientError) -> (AnswerReader, StartReport) {
        let request = request(client, follow)
        guard let call = ClientCall(request) else { throw SeliumClient.misplaced }
        let isLongLived = follow != nil || options.takesInput
        let lease = try await client.context.lease(isLongLived: isLongLived)
        let reader = AnswerReader(
            try await Exchange.begin(request, on: lease, client.context), call: call)
        while true {
            switch try await reader.next() {
            case .progress(let step): report(step)
            case .sendModule(let offset): try await upload(from: offset, reader.exchange, client)
            case .started(let started): return (reader, StartReport(started))
            case .succeeded(.started(let started)): return (reader, StartReport(started))
            default: break
            }
        }
    }

    private func request(_ client: SeliumClient, _ follow: WireLogRequest?) -> WireRequest {
        var start = options.wire
        start.module = reference
        start.moduleSize = content?.size ?? 0
        start.moduleName = moduleName
        start.dryRun = isDryRun
        if let follow { start.attach = follow }
        var request = client.request(.start(start), changesSomething: true)
        request.idempotencyKeyBytes = key
        return request
    }

    nonisolated(nonsending) private func upload(
        from offset: UInt64, _ exchange: Exchange, _ client: SeliumClient
    ) async throws(ClientError) {
        guard let content else { throw SeliumClient.misplaced }
        try await content.send(
            from: offset, over: exchange, isLast: !options.takesInput, client.context.logger,
            progress)
    }

    private func report(_ step: WireProgress) {
        switch step.phase {
        case .compiling: progress?(.compiling)
        case .uploading: break  // We count better ourselves.
        case .unspecified, .working, .stopping, .UNRECOGNIZED: progress?(.working)
        }
    }
}
