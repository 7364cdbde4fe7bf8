internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension RequestHandler {
    /// Rows of the processes named, or of all the caller may see.
    func list(
        _ list: WireList, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let filters = try ProcessFilter.all(of: list)
        func passes(_ status: ProcessStatus) -> Bool { filters.allSatisfy { $0.passes(status) } }
        var rows: [WireProcessInfo] = []
        if list.processes.isEmpty {
            let visible = try Authorization.visible(request.message.namespace, to: caller)
            let all = try await hosted { () async throws(HostError) in
                try await host.processes(in: visible, includingEnded: list.includeEnded)
            }
            if filters.isEmpty { rows.reserveCapacity(all.count) }
            for status in all where passes(status) { rows.append(WireProcessInfo(status)) }
        } else {
            for (index, reference) in list.processes.enumerated() {
                let status = try await authorization.resolve(
                    reference, field: "list.processes[\(index)]", in: namespace, for: caller,
                    to: .list)
                if passes(status) { rows.append(WireProcessInfo(status)) }
            }
        }
        return .processes(WireProcesses().filled(with: try await sendAllButLast(rows)))
    }

    /// Sends what does not fit the result and returns what does.
    private func sendAllButLast(
        _ rows: [WireProcessInfo]
    ) async throws(RequestError) -> [WireProcessInfo] {
        // Until the request ends: as rows first, as bytes afterwards.
        // The longest of lists must find room too, when nothing else is under way.
        let size = min(
            rows.reduce(0) { $0 + $1.estimatedLength },
            scope.session.configuration.maximumBufferedPerIdentity / 2)
        guard await scope.reserve(size) else {
            throw .exhausted("the answers of this identity that are under way hold too much")
        }
        var part: [WireProcessInfo] = []
        var length = 0
        let limit = scope.session.configuration.listFrame
        for row in rows {
            let next = row.estimatedLength
            if length + next > limit, !part.isEmpty {
                scope.beginWaiting()
                try await scope.send(.processes(WireProcesses().filled(with: part)))
                part = []
                length = 0
            }
            part.append(row)
            length += next
        }
        return part
    }
}

extension WireProcesses {
    func filled(with rows: [WireProcessInfo]) -> WireProcesses {
        var copy = self
        copy.processes = rows
        return copy
    }
}
