internal import SeliumKernel

extension StartSpec {
    /// Judges what needs no table and no module: how many words there are, and the memory asked for.
    /// Fails with `invalidArgument`.
    public func checkLimits() throws(HostError) {
        guard arguments.count <= Limits.typedArguments, argv.count <= Limits.argv,
            environment.count <= Limits.environment, grants.count <= Limits.grants
        else { throw HostError(.invalidArgument, "too many arguments, variables or grants") }
        guard let limit = memoryLimit else { return }
        guard limit > 0, limit <= Limits.processMemoryMaximum else {
            throw HostError(
                .invalidArgument, "a memory limit of \(limit) bytes is not between 1 byte and 4 GiB"
            )
        }
    }
}
