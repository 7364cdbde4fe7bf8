internal import SeliumABI
internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

extension ProcessFilter {
    /// What a `list` asks for, or what is wrong with it, by its field.
    static func all(of list: WireList) throws(RequestError) -> [ProcessFilter] {
        var filters: [ProcessFilter] = []
        for (index, filter) in list.filters.enumerated() {
            filters.append(try Self(filter, field: "list.filters[\(index)]"))
        }
        return filters
    }

    private init(_ wire: WireFilter, field: String) throws(RequestError) {
        let values = Set(wire.values)
        if wire.key != .label {
            guard wire.label.isEmpty else {
                throw RequestError(
                    .invalidArgument, "only a filter by label has one", field: "\(field).label")
            }
            guard !values.isEmpty else {
                throw RequestError(
                    .invalidArgument, "a filter has at least one value", field: "\(field).values")
            }
        }
        switch wire.key {
        case .name: self = .name(values)
        case .namespace: self = .namespace(values)
        case .owner: self = .owner(values)
        case .module: self = .module(values)
        case .state: self = .state(try Self.states(wire.values, field))
        case .label:
            guard LabelText.isKey(wire.label) else {
                throw RequestError(
                    .invalidArgument, "not a label's key", field: "\(field).label")
            }
            self = .label(wire.label, values)
        case .unspecified, .UNRECOGNIZED:
            throw RequestError(.invalidArgument, "no key", field: "\(field).key")
        }
    }

    private static func states(
        _ words: [String], _ field: String
    ) throws(RequestError) -> Set<ProcessState> {
        var states: Set<ProcessState> = []
        for (index, word) in words.enumerated() {
            guard let state = ProcessState.allCases.first(where: { $0.name == word }) else {
                throw RequestError(
                    .invalidArgument, "no state of a process", field: "\(field).values[\(index)]")
            }
            states.insert(state)
        }
        return states
    }
}
