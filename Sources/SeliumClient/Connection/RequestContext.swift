internal import Logging
internal import SeliumProtocol

/// What every request of a client shares.
struct RequestContext: Sendable {
    let pool: ConnectionPool
    let watch: DeadlineWatch
    let reconnection: SeliumClient.Reconnection
    /// How long the server may be silent.
    var timeout: Duration
    /// Whether that holds for streams that follow something, too.
    var boundsFollowing = false
    let logger: Logger
    /// What our certificate is called, for messages.
    let certificateName: @Sendable () -> String

    /// A place on a connection, waited for no longer than the server may be silent. What has followed
    /// something before, and may be silent for long, has as long as a lost connection is given.
    ///
    /// - Parameter resumes: whether it goes on after a lost connection.
    func lease(isLongLived: Bool, resumes: Bool = false) async throws(ClientError)
        -> ConnectionPool.Lease
    {
        let isFollowing = isLongLived && resumes && !boundsFollowing
        return try await pool.lease(
            isLongLived: isLongLived, within: isFollowing ? nil : timeout)
    }

    /// What a failed stream or connection means for the request.
    func error(_ error: TransportError, requestID: String) -> ClientError {
        func failed(_ code: ClientError.Code, _ message: String, isRetryable: Bool) -> ClientError {
            ClientError(code, message, isRetryable: isRetryable, requestID: requestID)
        }
        func refused() -> ClientError {
            var error = failed(
                .unavailable, "the server refused the request before any work", isRetryable: true)
            error.isSafeToRepeat = true
            return error
        }
        return switch error.kind {
        case .cancelled: failed(.cancelled, "the request was cancelled", isRetryable: false)
        case .certificateRefused, .closed(.certificateNotAccepted):
            ClientError(.refusedByServer(name: certificateName()))
        case .closed(.shuttingDown):
            failed(.connectionLost, "the server is shutting down", isRetryable: true)
        case .closed, .connectionLost:
            failed(
                .connectionLost, "the connection to the server was lost: \(error.message)",
                isRetryable: true)
        case .reset(.refused), .stopped(.refused):
            refused()
        case .reset(let code), .stopped(let code):
            failed(
                .connectionLost, "the server ended the request without an answer (\(code))",
                isRetryable: true)
        }
    }
}

/// How often a request that lost its connection is sent again.
struct Retries {
    /// Losses in a row; one of a request that had lived for a while begins a new row.
    private static let maximum = 8

    private let reconnection: SeliumClient.Reconnection
    private var losses = 0
    private var attemptBegan = ContinuousClock.now

    init(_ reconnection: SeliumClient.Reconnection) { self.reconnection = reconnection }

    /// The request got on: what is lost from here on begins a new row.
    mutating func gotOn() { losses = 0 }

    /// Waits as long as is polite before the next attempt; throws the error when there is none.
    ///
    /// - Parameter isFollowing: the request follows a process and changes nothing: a server that ends
    ///   in order, and with it what is followed, is as good as a lost connection.
    nonisolated(nonsending) mutating func pause(
        after error: ClientError, isFollowing: Bool = false
    ) async throws(ClientError) {
        let isOver = isFollowing && error.code == .unavailable && error.isRetryable
        guard error.code == .connectionLost || error.isSafeToRepeat || isOver else { throw error }
        if ContinuousClock.now - attemptBegan > reconnection.giveUpAfter { losses = 0 }
        losses += 1
        guard losses <= Self.maximum else { throw error }
        // The first time at once: the pool takes care that connecting is not a storm.
        if losses > 1 {
            let pause = reconnection.pause(attempt: losses - 2, random: .random(in: 0..<1))
            do { try await Task.sleep(for: pause) } catch { throw .cancelled }
        }
        attemptBegan = .now
    }
}
