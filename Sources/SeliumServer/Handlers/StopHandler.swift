internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension RequestHandler {
    /// Stops a process and answers when it is gone; one that had ended is no error.
    func stop(
        _ stop: WireStop, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let status = try await authorization.resolve(
            stop.process, field: "stop.process", in: namespace, for: caller, to: .stop)
        let key = idempotency(in: namespace)
        let outcome = try await hosted { () async throws(HostError) in
            try await host.stop(status.id, idempotency: key)
        }
        return .stopped(WireStopped(status.id, outcome))
    }
}

extension WireStopped {
    /// Of a stop or a kill.
    init(_ id: ProcessID, _ outcome: StopOutcome) {
        self.init()
        self.id = id.rawValue
        switch outcome {
        case .stopped(let record):
            exit = WireExitRecord(record)
        case .alreadyEnded(let record):
            alreadyEnded = true
            exit = WireExitRecord(record)
        }
    }
}
