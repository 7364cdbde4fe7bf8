internal import SeliumProtocol
internal import SeliumTLSCore
internal import Synchronization

/// A client of one server: starts programs there, follows what they write, stops them.
///
/// It connects when the first request is made, keeps one connection for all of them, and connects
/// again when it was lost; requests that were under way are repeated where that is harmless, logs go
/// on where they were. Any number of tasks may use it. Cancelling a task ends its request only.
public struct SeliumClient: Sendable {
    var context: RequestContext

    /// Runs `body` with a client and ends all that is left of it afterwards.
    ///
    /// Nothing is connected until the first request, so this throws what `body` throws.
    public static func withConnection<Value>(
        _ configuration: Configuration = Configuration(),
        _ body: (SeliumClient) async throws -> Value
    ) async throws -> Value {
        let dialer = QUICDialer(configuration: configuration, unixTime: WallClock.seconds)
        return try await withDialer(dialer, configuration, body)
    }

    /// The same over another transport.
    static func withDialer<Value>(
        _ dialer: any Dialer, _ configuration: Configuration,
        _ body: (SeliumClient) async throws -> Value
    ) async throws -> Value {
        let watch = DeadlineWatch()
        let pool = ConnectionPool(dialer, watch, configuration)
        let source = configuration.certificates
        let context = RequestContext(
            pool: pool, watch: watch, reconnection: configuration.reconnection,
            timeout: configuration.timeout, logger: configuration.logger,
            certificateName: {
                let files = try? CertificateFiles(source, home: ProcessEnvironment.variable("HOME"))
                return files?.name ?? "of this client"
            })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await pool.run() }
            group.addTask { await watch.run() }
            defer { group.cancelAll() }
            do {
                let value = try await body(SeliumClient(context: context))
                await pool.close()
                return value
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    /// The same client with another patience for its requests.
    ///
    /// - Parameters:
    ///   - timeout: how long the server may be silent, at most one hour.
    ///   - boundsFollowing: whether that holds for what follows a process, too; such a stream is
    ///     silent for as long as the process is.
    public func timeout(_ timeout: Duration, boundsFollowing: Bool = false) -> SeliumClient {
        var copy = self
        copy.context.timeout = timeout
        copy.context.boundsFollowing = boundsFollowing
        return copy
    }

    // MARK: Requests with one answer

    /// The processes the caller may see, by ascending id.
    ///
    /// - Parameters:
    ///   - includingEnded: those too that have ended and are remembered.
    ///   - filters: only those that pass each of them.
    public func processes(
        includingEnded: Bool = false, matching filters: [ProcessFilter] = []
    ) async throws(ClientError) -> [ProcessStatus] {
        try await list([], includingEnded: includingEnded, matching: filters)
    }

    /// The process of that id or name.
    ///
    /// - Throws: `notFound`.
    public func process(_ reference: ProcessReference) async throws(ClientError) -> Process {
        guard let status = try await list([reference], includingEnded: true).first else {
            throw ClientError(.notFound, "no process \(reference)")
        }
        return Process(self, id: status.id, name: status.name)
    }

    /// Stops a process and waits until it is gone.
    public func stop(_ reference: ProcessReference) async throws(ClientError) -> (
        id: UInt64, outcome: StopOutcome
    ) {
        var stop = WireStop()
        stop.process = reference.wire
        return try await end(.stop(stop), reference)
    }

    /// Ends a process without asking it, and waits until it is gone.
    public func kill(_ reference: ProcessReference) async throws(ClientError) -> (
        id: UInt64, outcome: StopOutcome
    ) {
        var kill = WireKill()
        kill.process = reference.wire
        return try await end(.kill(kill), reference)
    }

    private func end(
        _ call: WireRequest.OneOf_Call, _ reference: ProcessReference
    ) async throws(ClientError) -> (id: UInt64, outcome: StopOutcome) {
        let result = try await ask(call, namespace: reference.namespace, changesSomething: true)
        guard case .stopped(let stopped) = result.last else { throw Self.misplaced }
        let exit = ExitRecord(stopped.exit)
        return (stopped.id, stopped.alreadyEnded ? .alreadyEnded(exit) : .stopped(exit))
    }

    /// Ends the incarnation of a process that runs, or its wait for the next one, and begins another.
    ///
    /// - Throws: `failedPrecondition` when it has ended for good or somebody is stopping it.
    public func restart(_ reference: ProcessReference) async throws(ClientError) -> (
        id: UInt64, incarnation: UInt32
    ) {
        var restart = WireRestart()
        restart.process = reference.wire
        let result = try await ask(
            .restart(restart), namespace: reference.namespace, changesSomething: true)
        guard case .restarted(let restarted) = result.last else { throw Self.misplaced }
        return (restarted.id, restarted.incarnation)
    }

    /// Has the server forget a process and its log; its id. One that lives is `failedPrecondition`,
    /// unless `force`: then it is killed first.
    @discardableResult
    public func remove(
        _ reference: ProcessReference, force: Bool = false
    ) async throws(ClientError) -> UInt64 {
        var remove = WireRemove()
        remove.process = reference.wire
        remove.force = force
        let result = try await ask(
            .remove(remove), namespace: reference.namespace, changesSomething: true)
        guard case .removed(let removed) = result.last else { throw Self.misplaced }
        return removed.id
    }

    /// Has the server forget every process of the caller's namespace that has ended; which they were.
    @discardableResult
    public func prune() async throws(ClientError) -> [UInt64] {
        let result = try await ask(.prune(WirePrune()), changesSomething: true)
        guard case .pruned(let pruned) = result.last else { throw Self.misplaced }
        return pruned.ids
    }

    /// Waits for a process's end, after which no incarnation comes; at once when it has ended.
    ///
    /// - Parameters:
    ///   - reference: the process.
    ///   - began: called when the server has found the process, with its id, and it has not ended
    ///     yet; again after a lost connection.
    public func wait(
        for reference: ProcessReference, began: (@Sendable (UInt64) -> Void)? = nil
    ) async throws(ClientError) -> (id: UInt64, exit: ExitRecord) {
        var wait = WireWait()
        wait.process = reference.wire
        let result = try await ask(
            .wait(wait), namespace: reference.namespace, isLongLived: true, began: began)
        guard case .ended(let ended) = result.last else { throw Self.misplaced }
        return (ended.id, ExitRecord(ended.exit))
    }

    /// Waits until an incarnation of a process runs; one that does not last is not missed.
    ///
    /// - Parameters:
    ///   - reference: its id or name.
    ///   - began: as for a wait for the end.
    /// - Throws: `failedPrecondition` for a process that has ended, or ends before.
    public func waitUntilRunning(
        _ reference: ProcessReference, began: (@Sendable (UInt64) -> Void)? = nil
    ) async throws(ClientError) -> (id: UInt64, incarnation: UInt32) {
        try await wait(for: reference, until: .running, began)
    }

    /// Waits until the incarnation of a process that runs has said that it is ready, or one has since
    /// the call. A program that never does is waited for until it has ended.
    ///
    /// - Parameters:
    ///   - reference: its id or name.
    ///   - began: as for a wait for the end.
    /// - Throws: `failedPrecondition` for a process that has ended, or ends before.
    public func waitUntilReady(
        _ reference: ProcessReference, began: (@Sendable (UInt64) -> Void)? = nil
    ) async throws(ClientError) -> (id: UInt64, incarnation: UInt32) {
        try await wait(for: reference, until: .ready, began)
    }

    private func wait(
        for reference: ProcessReference, until goal: WireWaitUntil,
        _ began: (@Sendable (UInt64) -> Void)?
    ) async throws(ClientError) -> (id: UInt64, incarnation: UInt32) {
        var wait = WireWait()
        wait.process = reference.wire
        wait.until = goal
        let result = try await ask(
            .wait(wait), namespace: reference.namespace, isLongLived: true, began: began)
        guard case .reached(let reached) = result.last else { throw Self.misplaced }
        return (reached.id, reached.incarnation)
    }

    /// Everything the server knows of a process, but for its output, and values of arguments and
    /// variables.
    public func inspect(_ reference: ProcessReference) async throws(ClientError) -> ProcessDetail {
        var inspect = WireInspect()
        inspect.process = reference.wire
        let result = try await ask(.inspect(inspect), namespace: reference.namespace)
        guard case .inspected(let inspected) = result.last else { throw Self.misplaced }
        return ProcessDetail(inspected)
    }

    /// What the server says about itself and about the caller.
    public func info() async throws(ClientError) -> ServerInfo {
        let result = try await ask(.info(WireInfo()))
        guard case .info(let info) = result.last else { throw Self.misplaced }
        return ServerInfo(info)
    }

    func list(
        _ references: [ProcessReference], includingEnded: Bool,
        matching filters: [ProcessFilter] = []
    ) async throws(ClientError) -> [ProcessStatus] {
        var list = WireList()
        list.processes = references.map(\.wire)
        list.includeEnded = includingEnded
        list.filters = filters.map(\.wire)
        let namespace = references.first?.namespace ?? ""
        let result = try await ask(.list(list), namespace: namespace)
        guard case .processes(let last) = result.last else { throw Self.misplaced }
        return (result.rows + last.processes).map(ProcessStatus.init)
    }

    static let misplaced = ClientError(.malformedAnswer, "the server answered another question")
}

extension SeliumClient {
    /// What came of one request.
    struct Answer: Sendable {
        /// Rows of a list that came before the last frame.
        var rows: [WireProcessInfo] = []
        var moduleRows: [WireModuleRow] = []
        var last: WireResult.OneOf_Result
    }

    /// Asks and waits for the result; asks again when the connection was lost.
    func ask(
        _ call: WireRequest.OneOf_Call, namespace: String = "", changesSomething: Bool = false,
        isLongLived: Bool = false, began: (@Sendable (UInt64) -> Void)? = nil
    ) async throws(ClientError) -> Answer {
        let request = request(call, namespace: namespace, changesSomething: changesSomething)
        var retries = Retries(context.reconnection)
        var resumes = false
        while true {
            do {
                let lease = try await context.lease(isLongLived: isLongLived, resumes: resumes)
                return try await askOnce(request, on: lease, began: began)
            } catch {
                try await retries.pause(
                    after: error, isFollowing: isLongLived && !changesSomething)
                resumes = true
            }
        }
    }

    private func askOnce(
        _ request: WireRequest, on lease: ConnectionPool.Lease,
        began: (@Sendable (UInt64) -> Void)?
    ) async throws(ClientError) -> Answer {
        let context = self.context
        // On the connection's own thread nothing has to be handed over.
        return try await withTaskExecutorPreference(lease.connection.executor) {
            () async throws(ClientError) -> Answer in
            guard let call = ClientCall(request) else { throw Self.misplaced }
            let exchange = try await Exchange.begin(request, on: lease, context)
            let reader = AnswerReader(exchange, call: call)
            var rows: [WireProcessInfo] = []
            var moduleRows: [WireModuleRow] = []
            while true {
                switch try await reader.next() {
                case .rows(let more): rows += more
                case .moduleRows(let more): moduleRows += more
                case .following(let following): began?(following.process.id)
                case .succeeded(let result):
                    return Answer(rows: rows, moduleRows: moduleRows, last: result)
                default: break
                }
            }
        }
    }

    /// A request with its header.
    func request(
        _ call: WireRequest.OneOf_Call, namespace: String = "", changesSomething: Bool
    ) -> WireRequest {
        let random = SystemRandom()
        var request = WireRequest()
        request.namespace = namespace
        request.requestIDBytes = random.bytes(8)
        if changesSomething { request.idempotencyKeyBytes = random.bytes(32) }
        let milliseconds = (context.timeout.inSeconds * 1000).rounded(.up)
        request.deadlineMs = UInt32(
            min(max(milliseconds, 1), Double(ControlProtocol.maximumDeadlineMilliseconds)))
        request.call = call
        return request
    }
}
