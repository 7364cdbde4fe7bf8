public import SeliumKernel

/// What a control server may ask of a runtime about what happened.
public protocol EventHost: Sendable {
    /// Events of these namespaces (nil: of all), `atMost` of them, once there are any. With
    /// `isOnce` it does not wait: none means that there are no more now. Of a namespace the newest
    /// `Limits.events` are kept.
    func events(
        from start: EventStart, in namespaces: Set<Namespace>?, atMost: Int, isOnce: Bool
    ) async throws(HostError) -> EventBatch
}
