/// The names callers are known by: what stands behind `selium://identity/`.
public enum IdentityName {
    /// The identity that may do everything when there is no policy.
    public static let operatorName = "operator"
    /// Never issued: the runtime's own namespace, and callers without a certificate.
    public static let reserved: Set<String> = ["system", "anonymous"]
    /// Longest name in bytes.
    public static let maximumLength = 63

    /// The URI that a client's certificate carries.
    public static func uri(_ name: String) -> String {
        "selium://identity/\(name)"
    }

    /// Throws unless `name` is `[a-z0-9][a-z0-9._-]{0,62}`.
    public static func check(_ name: String) throws(CertificateError) {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, bytes.count <= self.maximumLength,
            self.isAlphanumeric(first),
            bytes.allSatisfy({ self.isAlphanumeric($0) || ".-_".utf8.contains($0) })
        else {
            throw CertificateError(
                .invalidName,
                "a name is 1 to \(self.maximumLength) of a-z 0-9 . _ - and begins with a-z or 0-9")
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
