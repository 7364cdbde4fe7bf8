/// What the sender of a message says about itself in the OPT record (RFC 6891 section 6.1).
public struct EDNS: Hashable, Sendable {
    /// One option: a number and bytes (RFC 6891 section 6.1.2).
    public struct Option: Hashable, Sendable {
        /// Which option.
        public var code: UInt16
        /// What it says, at most 65,535 bytes.
        public var value: [UInt8]

        /// An option.
        public init(code: UInt16, value: [UInt8]) {
            self.code = code
            self.value = value
        }

        /// DNS cookies (RFC 7873)
        public static let cookieCode: UInt16 = 10
        /// Bytes that hide the length (RFC 7830)
        public static let paddingCode: UInt16 = 12
        /// More about an error (RFC 8914)
        public static let extendedErrorCode: UInt16 = 15
    }

    /// What we say of ourselves: more is likely to be cut up on its way, and lost (DNS flag day
    /// 2020).
    public static let usualPayloadSize: UInt16 = 1_232

    /// The largest UDP message its sender takes; below 512 means 512.
    public var payloadSize: UInt16
    /// The version, 0.
    public var version: UInt8
    /// DO: records of DNSSEC are welcome (RFC 3225).
    public var wantsSecurity: Bool
    /// Further options, in any order.
    public var options: [Option]

    /// What a sender says about itself.
    public init(
        payloadSize: UInt16 = EDNS.usualPayloadSize, version: UInt8 = 0,
        wantsSecurity: Bool = false,
        options: [Option] = []
    ) {
        self.payloadSize = payloadSize
        self.version = version
        self.wantsSecurity = wantsSecurity
        self.options = options
    }

    /// The first option of this code.
    public func option(_ code: UInt16) -> [UInt8]? {
        options.first { $0.code == code }?.value
    }

    /// The cookie, nil when there is none or its length is no cookie's (RFC 7873 section 4: 8 bytes
    /// of the client, then none or 8 to 32 of the server).
    public var cookie: (client: ArraySlice<UInt8>, server: ArraySlice<UInt8>)? {
        guard let value = option(Option.cookieCode),
            value.count == 8 || (16...40).contains(value.count)
        else { return nil }
        return (value.prefix(8), value.dropFirst(8))
    }

    /// The number of the extended error (RFC 8914 section 2), nil when there is none. Its text is
    /// the server's and not kept.
    public var extendedError: UInt16? {
        guard let value = option(Option.extendedErrorCode), value.count >= 2 else { return nil }
        return UInt16(value[0]) << 8 | UInt16(value[1])
    }
}
