internal import SeliumProtocol

extension ProcessFilter {
    var wire: WireFilter {
        var wire = WireFilter()
        switch self {
        case .name(let values): (wire.key, wire.values) = (.name, values)
        case .namespace(let values): (wire.key, wire.values) = (.namespace, values)
        case .owner(let values): (wire.key, wire.values) = (.owner, values)
        case .module(let values): (wire.key, wire.values) = (.module, values)
        case .state(let states): (wire.key, wire.values) = (.state, states.map(\.rawValue))
        case .label(let key, let values):
            (wire.key, wire.label, wire.values) = (.label, key, values)
        }
        return wire
    }
}
