internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SeliumTLSCore

typealias HandlerOutcome = Result<WireResult.OneOf_Result, RequestError>

/// One request being carried out: decode, call the host, encode. One file per call beside this one.
struct RequestHandler: Sendable {
    let scope: RequestScope
    let request: DecodedRequest

    var server: ControlServer { scope.session.server }
    var host: any ProcessHost { scope.session.server.host }
    var caller: Caller { scope.session.caller }
    var authorization: Authorization { Authorization(host: host) }

    init(_ scope: RequestScope, _ request: DecodedRequest) {
        self.scope = scope
        self.request = request
    }

    /// Judges the verb and the namespace, then the call.
    func run(_ call: Call) async -> HandlerOutcome {
        do throws(RequestError) {
            try Authorization.check(call.verb, for: caller)
            let header = request.message.namespace
            let namespace = try Authorization.namespace(header, for: caller)
            switch call {
            case .start(let start): return .success(try await self.start(start, in: namespace))
            case .stop(let stop): return .success(try await self.stop(stop, in: namespace))
            case .list(let list): return .success(try await self.list(list, in: namespace))
            case .attach(let attach): return .success(try await self.attach(attach, in: namespace))
            case .wait(let wait): return .success(try await self.wait(wait, in: namespace))
            case .info: return .success(try await self.info(in: namespace))
            case .kill(let kill): return .success(try await self.kill(kill, in: namespace))
            case .restart(let restart):
                return .success(try await self.restart(restart, in: namespace))
            case .remove(let remove):
                return .success(try await self.remove(remove, in: namespace))
            case .prune: return .success(try await self.prune(in: namespace))
            case .inspect(let inspect):
                return .success(try await self.inspect(inspect, in: namespace))
            case .pushModule(let push):
                return .success(try await self.pushModule(push, in: namespace))
            case .listModules: return .success(try await self.listModules())
            case .inspectModule(let inspect):
                return .success(try await self.inspectModule(inspect, in: namespace))
            case .removeModule(let remove):
                return .success(try await self.removeModule(remove, in: namespace))
            case .collectModules(let collect):
                return .success(try await self.collectModules(collect, in: namespace))
            case .readEvents(let read): return .success(try await self.readEvents(read))
            }
        } catch {
            return .failure(error)
        }
    }

    /// The key of a call that changes something. The host ties it to the call's bytes.
    func idempotency(in namespace: Namespace) -> Idempotency? {
        let key = request.message.idempotencyKeyBytes
        guard !key.isEmpty else { return nil }
        return Idempotency(
            namespace: namespace, identity: caller.identity, key: key,
            bodyHash: SHA256.hash(request.callBytes))
    }
}
