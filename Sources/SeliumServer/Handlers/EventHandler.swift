internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension RequestHandler {
    /// Events of one answer: each has at most about 400 bytes.
    private static let batch = 500

    /// A batch of what happened, as far as the caller may see it.
    func readEvents(_ read: WireReadEvents) async throws(RequestError) -> WireResult.OneOf_Result {
        let visible = try Authorization.visible(request.message.namespace, to: caller)
        let start: EventStart
        switch read.from {
        case .index(let index)?: start = .index(index)
        case .since(let time)?: start = .since(time)
        case .end(true)?: start = .end
        case .end(false)?, nil: start = .index(1)
        }
        var batch = try await events(from: start, in: visible)
        if batch.events.isEmpty, !read.noWait {
            try await scope.beginFollowing(input: nil, on: host)
            try await scope.send(.following(WireFollowing()))
            let next = batch.next
            batch = try await hosted { () async throws(HostError) in
                try await host.events(
                    from: .index(next), in: visible, atMost: Self.batch, isOnce: false)
            }
        }
        let answer = WireEvents(batch)
        guard await scope.reserve(answer.estimatedLength) else {
            throw .exhausted("the answers of this identity that are under way hold too much")
        }
        return .events(answer)
    }

    private func events(
        from start: EventStart, in visible: Set<Namespace>?
    ) async throws(RequestError) -> EventBatch {
        try await hosted { () async throws(HostError) in
            try await host.events(from: start, in: visible, atMost: Self.batch, isOnce: true)
        }
    }
}

extension WireEvents {
    fileprivate init(_ batch: EventBatch) {
        self.init()
        next = batch.next
        events = batch.events.map { event in
            .with {
                $0.index = event.index
                $0.time = event.time
                $0.kind = WireEventKind(rawValue: Int(event.kind.rawValue)) ?? .unspecified
                $0.namespace = event.namespace.name
                $0.process = event.process?.rawValue ?? 0
                $0.incarnation = event.incarnation
                $0.name = event.name
                $0.detail = event.detail
            }
        }
    }

    /// About how much memory the answer takes until it is sent.
    fileprivate var estimatedLength: Int {
        events.reduce(16) {
            $0 + 48 + $1.namespace.utf8.count + $1.name.utf8.count + $1.detail.utf8.count
        }
    }
}
