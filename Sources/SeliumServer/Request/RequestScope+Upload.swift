internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf
internal import Synchronization

extension RequestScope {
    /// Says what is wanted of the module and waits until the pump has stored all of it.
    func receive(_ upload: ModuleUpload) async throws(RequestError) {
        guard upload.offset < upload.size else { return }
        let now = session.configuration.monotonicTime()
        let isPossible = state.withLock { state in
            // The pump has been reading since the request; the upload begins now.
            if state.readingSince != nil { state.readingSince = now }
            state.sink = .upload(upload)
            state.uploaded = upload.offset
            state.quiet = .uploading(total: upload.size)
            return state.machine.beginUpload(remaining: upload.size - upload.offset)
        }
        guard isPossible else {
            throw RequestError(
                .invalidArgument,
                "the server does not have the module, and the request ended without its bytes")
        }
        try await send(.upload(.with { $0.offset = upload.offset }))
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Result<Void, RequestError>? in
                    if state.delivery == nil { state.deliveryWaiter = continuation }
                    return state.delivery
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            delivered(.failure(.cancelled))
        }
        state.withLock { state in
            state.sink = .none
            state.quiet = .working(.working)
        }
        try outcome.get()
    }

    /// The pump has stored the last byte, or cannot.
    func delivered(_ outcome: Result<Void, RequestError>) {
        let waiter = state.withLock {
            state -> CheckedContinuation<Result<Void, RequestError>, Never>? in
            if state.delivery == nil { state.delivery = outcome }
            let waiter = state.deliveryWaiter
            state.deliveryWaiter = nil
            return waiter
        }
        waiter?.resume(returning: outcome)
    }
}

extension RequestScope {
    /// From now on the stream follows something; input goes to `claim`, or nowhere when the process
    /// has ended already.
    ///
    /// Returns once a waiting end of input has been passed on. Throws `cancelled` when the client is
    /// gone.
    func beginFollowing(
        input claim: InputClaim?, on host: any ProcessHost
    ) async throws(RequestError) {
        beginWaiting()
        let action = state.withLock { state in
            state.sink = claim.map { .input($0) } ?? .swallowed
            state.quiet = .following
            // The same place tells the end of input as the end of an upload: a new life for it.
            state.delivery = nil
            return state.machine.beginFollowing()
        }
        switch action {
        case .readInput, .noInput: return
        case .abandoned: throw .cancelled
        case .endInput:
            if let claim {
                try await hosted { () async throws(HostError) in
                    try await host.writeInput(claim, [], end: true)
                }
            }
            delivered(.success(()))
        }
    }

    /// Waits until the client has ended its input, or let go of it.
    func inputEnded() async throws(RequestError) {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Result<Void, RequestError>? in
                    if state.delivery == nil { state.deliveryWaiter = continuation }
                    return state.delivery
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            delivered(.failure(.cancelled))
        }
        try outcome.get()
    }
}
