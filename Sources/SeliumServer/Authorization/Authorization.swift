internal import SeliumABI
internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

/// What a caller wants to do. Every call of the protocol has exactly one.
enum Verb: String, Sendable, CaseIterable {
    case start, stop, list, attach, wait, info, kill, restart, remove, prune, inspect
    case pushModule = "push_module"
    case listModules = "list_modules"
    case inspectModule = "inspect_module"
    case removeModule = "remove_module"
    case collectModules = "collect_modules"
    case readEvents = "read_events"
    /// Writing a process's stdin, on top of `attach`.
    case input
}

/// Says who may do what, and turns references into processes: the only way a handler comes by an id.
struct Authorization: Sendable {
    let host: any ProcessHost

    /// Whether the caller's role has a verb at all. Both built-in roles have every verb; what differs
    /// is where.
    static func allows(_ verb: Verb, _ role: Role) -> Bool {
        switch (role, verb) {
        case (.operator, _): true
        case (.user, .start), (.user, .stop), (.user, .list), (.user, .attach), (.user, .wait),
            (.user, .info), (.user, .input), (.user, .kill), (.user, .restart), (.user, .remove),
            (.user, .prune), (.user, .inspect), (.user, .pushModule), (.user, .listModules),
            (.user, .inspectModule), (.user, .removeModule), (.user, .collectModules),
            (.user, .readEvents):
            true
        }
    }

    static func check(_ verb: Verb, for caller: Caller) throws(RequestError) {
        guard allows(verb, caller.role) else {
            throw RequestError(
                .permissionDenied, "the role '\(caller.role.name)' may not \(verb.rawValue)")
        }
    }

    /// The namespace a request is about: its header's when the role reaches that, else the caller's.
    ///
    /// A foreign one is denied whether or not anything lives there.
    static func namespace(_ header: String, for caller: Caller) throws(RequestError) -> Namespace {
        guard !header.isEmpty else { return caller.namespace }
        guard let namespace = Namespace(header) else {
            throw RequestError(.invalidArgument, "not a namespace", field: "namespace")
        }
        guard caller.role.reaches(namespace, from: caller.namespace) else {
            throw RequestError(
                .permissionDenied,
                "the role '\(caller.role.name)' of \(caller.identity) reaches its own namespace only",
                field: "namespace")
        }
        return namespace
    }

    /// Which namespaces a list shows: the header's, else all the role reaches (nil: every one).
    static func visible(_ header: String, to caller: Caller) throws(RequestError) -> Set<Namespace>?
    {
        guard header.isEmpty else { return [try namespace(header, for: caller)] }
        return caller.role == .operator ? nil : [caller.namespace]
    }

    /// The process behind a reference, for this caller and this verb: name or id, namespace and verb
    /// in one place. What is foreign and what does not exist are the same `not found`.
    func resolve(
        _ reference: WireProcessRef, field: String, in namespace: Namespace, for caller: Caller,
        to verb: Verb
    ) async throws(RequestError) -> ProcessStatus {
        try Self.check(verb, for: caller)
        let id: ProcessID
        let shown: String
        switch reference.ref {
        case .id(let number)?:
            shown = String(number)
            guard let known = ProcessID(number) else { throw .notFound(shown) }
            id = known
        case .name(let text)?:
            guard let name = ProcessName(text) else {
                throw RequestError(
                    .invalidArgument, "not a process name", field: "\(field).name")
            }
            shown = name.text
            guard
                let known = try await hosted({ () async throws(HostError) in
                    try await host.lookup(name, in: namespace)
                })
            else { throw .notFound(shown) }
            id = known
        case nil:
            throw RequestError(.invalidArgument, "no process is named", field: field)
        }
        let found = try await hosted { () async throws(HostError) in try await host.status(id) }
        guard let status = found, caller.role.reaches(status.namespace, from: caller.namespace)
        else {
            throw .notFound(shown)
        }
        return status
    }

    /// Judges the grants of a start: each must parse, and the role must be allowed to hand it out.
    static func grants(_ wire: [WireGrant], for caller: Caller) throws(RequestError) -> [Grant] {
        let grants: [Grant]
        do throws(KernelError) {
            grants = try GrantParser.parse(wire.map { (name: $0.capability, scope: $0.scope) })
        } catch {
            throw RequestError(HostError(error), field: "start.grants")
        }
        for grant in grants where !caller.role.mayGrant(grant.capability) {
            let difference = "the role '\(caller.role.name)' may not grant it"
            throw RequestError(
                .permissionDenied, "\(caller.identity) may not grant \(grant)",
                remedy: "an operator can start it",
                denial: Denial(
                    capability: grant.capability.name, resource: grant.scope ?? "",
                    nearestGrant: nil, difference: difference))
        }
        return grants
    }
}

/// Runs a host call and turns what it throws into the answer's error.
func hosted<T: Sendable>(
    _ call: () async throws(HostError) -> T
) async throws(RequestError) -> T {
    do throws(HostError) {
        return try await call()
    } catch {
        throw RequestError(error)
    }
}
