internal import SeliumClient

/// What is said about a denial: what was wanted, what was granted, and the flag that would allow it.
struct DenialText {
    let message: String
    /// The lines below.
    let lines: [String]

    /// - Parameter process: who was denied; nil when a start was.
    init(_ denial: Denial, process: UInt64?) {
        let who = process.map { "process \($0) was denied" } ?? "the server denied"
        let capability = Escape.foreign(denial.capability)
        let resource = Escape.foreign(denial.resource)
        let target = resource.isEmpty ? "" : " to \(resource)"
        message = "\(who) \(capability)\(target)"
        let granted =
            denial.nearestGrant.isEmpty ? "nothing like it" : Escape.foreign(denial.nearestGrant)
        let difference =
            denial.difference.isEmpty ? "" : "      (\(Escape.foreign(denial.difference)))"
        // Scopes come later: what an import lacks is allowed by the bare capability.
        let isPlace = resource.contains(":") || resource.contains("/")
        let wanted = isPlace ? "\(capability)=\(resource)" : capability
        var lines = [
            "  granted:   \(granted)\(difference)",
            "  to allow:  selium start … --capability \(wanted)",
        ]
        if !denial.role.isEmpty {
            // Where the role forbids it, the line above is for somebody else to use.
            let answer = denial.rolePermits ? "yes" : "no, ask an operator"
            lines.append("  your role '\(Escape.foreign(denial.role))' permits this: \(answer)")
        }
        self.lines = lines
    }

    /// The same as data.
    static func json(_ denial: Denial) -> JSONValue {
        .object([
            .init("capability", .string(denial.capability)),
            .init("resource", .string(denial.resource)),
            .init(
                "nearestGrant", denial.nearestGrant.isEmpty ? .null : .string(denial.nearestGrant)),
            .init("difference", .string(denial.difference)),
            .init("role", denial.role.isEmpty ? .null : .string(denial.role)),
            .init("rolePermits", .bool(denial.rolePermits)),
        ])
    }
}
