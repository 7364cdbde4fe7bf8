public import SeliumABI

/// Reads grants as they arrive: a capability's name and a scope's text, each in a field of its own.
///
/// No capability has a scope yet, so every scope is refused: leaving it out would hand out more than
/// was asked for. Where a bare name would mean the whole machine, the bare name is refused too.
public enum GrantParser {
    /// One grant. Fails with `invalid`; the message quotes what was wrong and says what to write.
    public static func parse(name: String, scope: String) throws(KernelError) -> Grant {
        guard let capability = Capability(name: name) else {
            let near = NearestName.of(name, among: Capability.allCases.map(\.name))
            throw KernelError(
                .invalid, "unknown capability '\(printable(name))'",
                remedy: near.map { "did you mean \($0)?" } ?? "to list them: selium caps ls")
        }
        guard scope.isEmpty else {
            throw KernelError(
                .invalid,
                "'\(name)=\(printable(scope))': scopes of \(name) come with a later version of this server",
                remedy: exampleOfMandatoryScope(capability) == nil
                    ? "grant it bare, or not at all: \(name)" : "")
        }
        if let example = exampleOfMandatoryScope(capability) {
            throw KernelError(
                .invalid, "\(name) without a scope would mean the whole machine",
                remedy: "it needs one, such as \(name)=\(example), which comes with a later version"
            )
        }
        return Grant(capability: capability)
    }

    /// All grants of a start: sorted by number, each once. Fails with `invalid`.
    public static func parse(
        _ grants: some Collection<(name: String, scope: String)>
    ) throws(KernelError) -> [Grant] {
        guard grants.count <= Limits.grants else {
            throw KernelError(
                .invalid, "\(grants.count) grants, at most \(Limits.grants) are allowed")
        }
        var parsed: Set<Grant> = []
        for grant in grants { parsed.insert(try parse(name: grant.name, scope: grant.scope)) }
        return parsed.sorted { $0.capability.rawValue < $1.capability.rawValue }
    }

    /// A scope to show where the bare name is refused; nil where the bare name is fine.
    public static func exampleOfMandatoryScope(_ capability: Capability) -> String? {
        switch capability {
        case .fsRead, .fsWrite: "/srv/data"
        case .envRead: "LANG"
        case .netUnixBind, .netUnixAccept, .netUnixConnect, .netUnixRead, .netUnixWrite:
            "/run/app/app.sock"
        default: nil
        }
    }

    /// Foreign text for a message: short, without control characters.
    static func printable(_ text: String) -> String {
        let shown = String(
            text.unicodeScalars.prefix(64).map { scalar in
                scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                    ? "?" : Character(scalar)
            })
        return text.unicodeScalars.count > 64 ? shown + "…" : shown
    }
}
