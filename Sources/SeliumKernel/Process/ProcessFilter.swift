/// One thing that rows of a list have to be.
public enum ProcessFilter: Sendable, Hashable {
    case name(Set<String>)
    case namespace(Set<String>)
    case owner(Set<String>)
    /// What the starter called it, or `sha256:` and its digits.
    case module(Set<String>)
    case state(Set<ProcessState>)
    /// A label of that key, with one of the values; of any value when there are none.
    case label(String, Set<String>)

    /// Whether a row passes.
    public func passes(_ status: ProcessStatus) -> Bool {
        switch self {
        case .name(let names): status.name.map { names.contains($0.text) } ?? false
        case .namespace(let names): names.contains(status.namespace.name)
        case .owner(let names): names.contains(status.creator.name)
        case .module(let names):
            names.contains(status.moduleName) || names.contains("sha256:\(status.moduleDigest.hex)")
        case .state(let states): states.contains(status.state)
        case .label(let key, let values):
            status.labels.contains { label in
                label.key == key && (values.isEmpty || values.contains(label.value))
            }
        }
    }
}
