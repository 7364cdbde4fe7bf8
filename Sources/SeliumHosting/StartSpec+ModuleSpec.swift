public import SeliumKernel

extension StartSpec {
    /// The start of one of the runtime's own modules: in the namespace `system`, with exactly the
    /// capabilities its spec lists.
    public init(_ spec: ModuleSpec) {
        self.init(
            namespace: .system, creator: .system, role: .operator, module: .name(spec.file),
            moduleName: spec.file, entrypoint: spec.entrypoint,
            arguments: spec.arguments.map { Argument(value: $0.value, text: $0.text) },
            environment: spec.environment.map {
                EnvironmentVariable(name: $0.name, value: $0.value)
            },
            grants: spec.grants, name: spec.name)
    }
}
