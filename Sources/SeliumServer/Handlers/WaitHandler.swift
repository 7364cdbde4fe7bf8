internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension RequestHandler {
    /// Answers with the process's end, at once when it has ended; or when it runs, or is ready.
    func wait(
        _ wait: WireWait, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let status = try await authorization.resolve(
            wait.process, field: "wait.process", in: namespace, for: caller, to: .wait)
        if !status.state.hasEnded {
            try await scope.beginFollowing(input: nil, on: host)
            try await scope.send(.following(.with { $0.process = WireProcessInfo(status) }))
        }
        guard wait.until == .running || wait.until == .ready else {
            return try await end(of: status.id)
        }
        let incarnation = try await hosted { () async throws(HostError) in
            wait.until == .ready
                ? try await host.waitUntilReady(status.id)
                : try await host.waitUntilRunning(status.id)
        }
        return .reached(
            .with {
                $0.id = status.id.rawValue
                $0.incarnation = incarnation
            })
    }

    /// The result of everything that follows a process to its end.
    ///
    /// - Parameter log: how its log ended, for a process that is forgotten by now.
    func end(
        of id: ProcessID, _ log: FollowEnd = .ended(nil)
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let record = try await hosted { () async throws(HostError) in
            do throws(HostError) {
                return try await host.wait(id)
            } catch {
                guard error.code == .notFound, case .ended(let logged?) = log else { throw error }
                return logged
            }
        }
        var ended = WireEnded()
        ended.id = id.rawValue
        ended.exit = WireExitRecord(record)
        return .ended(ended)
    }
}
