internal import CBoringTLS
private import SeliumNetCore

extension Certificate {
    /// Reads one certificate: DER, or the first one of a PEM text; nil when it is unreadable.
    public init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return nil }
        let parsed = unsafe bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            guard let base = buffer.baseAddress else { return nil }
            return unsafe btls_certificate_new(base, buffer.count)
        }
        guard let parsed = unsafe parsed else { return nil }
        defer { unsafe btls_certificate_free(parsed) }
        unsafe self.init(parsed)
    }

    /// Reads one certificate in DER.
    init?(der: [UInt8]) {
        self.init(der)
    }

    private init(_ handle: OpaquePointer) {
        let commonName = unsafe btls_certificate_common_name(handle).array
        let issuerName = unsafe btls_certificate_issuer_name(handle).array
        unsafe self.init(
            der: btls_certificate_der(handle).array,
            commonName: commonName.isEmpty ? nil : String(decoding: commonName, as: UTF8.self),
            issuerName: issuerName.isEmpty ? nil : String(decoding: issuerName, as: UTF8.self),
            serialNumber: btls_certificate_serial(handle).array,
            notBefore: btls_certificate_not_before(handle),
            notAfter: btls_certificate_not_after(handle),
            isCA: btls_certificate_is_ca(handle) == 1,
            usages: Usage(rawValue: btls_certificate_usages(handle)),
            names: Self.names(of: handle),
            fingerprint: Self.digest { unsafe btls_certificate_fingerprint(handle, $0) },
            publicKeyDigest: Self.digest { unsafe btls_certificate_public_key_digest(handle, $0) })
    }

    private static func names(of handle: OpaquePointer) -> [Name] {
        (0..<(unsafe btls_certificate_name_count(handle))).compactMap { index in
            var kind = BTLS_NAME_DNS
            let bytes = unsafe btls_certificate_name(handle, index, &kind).array
            switch kind {
            case BTLS_NAME_DNS: return .dns(String(decoding: bytes, as: UTF8.self))
            case BTLS_NAME_IP: return IPAddress(octets: bytes).map { .address($0) }
            case BTLS_NAME_URI: return .uri(String(decoding: bytes, as: UTF8.self))
            case BTLS_NAME_EMAIL: return .email(String(decoding: bytes, as: UTF8.self))
            default: return nil
            }
        }
    }

    private static func digest(_ body: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: SHA256.digestLength) { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            unsafe body(base)
            initialized = SHA256.digestLength
        }
    }
}
