internal import SeliumKernel

extension ScriptWorld.RequestKey: IdempotencyKey {
    struct Owner: Hashable, Sendable {
        var namespace: Namespace
        var identity: Identity
    }

    var owner: Owner { Owner(namespace: namespace, identity: identity) }
}
