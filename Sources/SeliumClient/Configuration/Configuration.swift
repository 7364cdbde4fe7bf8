public import Logging

extension SeliumClient {
    /// Where a client connects to, as whom, and how patient it is.
    public struct Configuration: Sendable {
        /// The server's name or address. `localhost` is ::1 and 127.0.0.1, whatever the system says
        /// (RFC 6761 §6.3).
        public var host: String
        /// Its UDP port.
        public var port: UInt16
        /// What to show and whom to trust.
        public var certificates: CertificateSource
        /// The name the server's certificate must be for; nil for ``host``.
        public var serverName: String?
        /// How long the server may be silent: before its first answer, and between signs of progress.
        public var timeout: Duration
        /// When a connection that existed is lost.
        public var reconnection: Reconnection
        /// For diagnostics at debug level; silent unless it is given.
        public var logger: Logger

        /// A configuration of these parts; the defaults are those of the command.
        public init(
            host: String = "localhost", port: UInt16 = 7000,
            certificates: CertificateSource = .standard,
            serverName: String? = nil, timeout: Duration = .seconds(10),
            reconnection: Reconnection = .init(),
            logger: Logger = Logger(
                label: "selium.client", factory: { _ in SwiftLogNoOpLogHandler() })
        ) {
            self.host = host
            self.port = port
            self.certificates = certificates
            self.serverName = serverName
            self.timeout = timeout
            self.reconnection = reconnection
            self.logger = logger
        }

        /// SELIUM_DOMAIN, SELIUM_PORT, SELIUM_CERT_DIR, SELIUM_SERVER_NAME and SELIUM_TIMEOUT
        /// (seconds, or with a unit: `500ms`), each where it is set and not empty.
        ///
        /// - Throws: `invalidArgument` naming a variable that makes no sense.
        public static func fromEnvironment() throws(ClientError) -> Configuration {
            try from(environment: ProcessEnvironment.variable)
        }

        /// As ``fromEnvironment()``, with another source of variables.
        public static func from(environment: (String) -> String?) throws(ClientError)
            -> Configuration
        {
            func value(_ name: String) -> String? {
                environment(name).flatMap { $0.isEmpty ? nil : $0 }
            }
            var configuration = Configuration()
            if let host = value("SELIUM_DOMAIN") { configuration.host = host }
            if let text = value("SELIUM_PORT") {
                guard let port = UInt16(text), port > 0 else {
                    throw ClientError(
                        .invalidArgument, "SELIUM_PORT='\(text)' is not a port (1–65535)")
                }
                configuration.port = port
            }
            if let directory = value("SELIUM_CERT_DIR") {
                configuration.certificates = .directory(directory)
            }
            configuration.serverName = value("SELIUM_SERVER_NAME")
            if let text = value("SELIUM_TIMEOUT") {
                guard let timeout = Self.duration(text) else {
                    throw ClientError(
                        .invalidArgument, "SELIUM_TIMEOUT='\(text)' is not a duration such as 10s")
                }
                configuration.timeout = timeout
            }
            return configuration
        }

        private static func duration(_ text: String) -> Duration? {
            let units: [(suffix: String, seconds: Double)] = [
                ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600),
            ]
            let unit = units.first { text.hasSuffix($0.suffix) }
            guard let value = Double(text.dropLast(unit?.suffix.count ?? 0)), value.isFinite,
                value > 0,
                value * (unit?.seconds ?? 1) <= 3600
            else { return nil }
            return .seconds(value * (unit?.seconds ?? 1))
        }
    }

    /// Where certificates come from.
    public enum CertificateSource: Sendable, Hashable {
        /// The directory that ``standard`` leads to now; nil when no place has certificates.
        ///
        /// - Throws: `connectionFailed` when the place that would be taken is not safe to take.
        public static func standardPlace() throws(ClientError) -> String? {
            try CertificateFiles.standardPlace(home: ProcessEnvironment.variable("HOME"))
        }

        /// `./certs` if it is ours, not writable by others and has a client.crt; else
        /// `~/.config/selium/certs`.
        case standard
        /// A directory with ca.crt, client.crt and client.key.
        case directory(String)
        /// PEM or DER in memory.
        case memory(authority: [UInt8], certificate: [UInt8], key: [UInt8])
    }

    /// What happens after a connection was lost: requests that are safe to repeat, and logs, go on over
    /// a new one. The first connection of a client is tried once.
    public struct Reconnection: Sendable, Hashable {
        /// The longest pause before the first new attempt; it doubles with each and is drawn at random
        /// below the limit, so that many clients do not return at once.
        public var initialPause: Duration
        /// The longest pause of all.
        public var maximumPause: Duration
        /// After this long without a connection the requests fail; those that follow nothing have
        /// failed before, by their timeout, when that is shorter.
        public var giveUpAfter: Duration

        public init(
            initialPause: Duration = .milliseconds(100), maximumPause: Duration = .seconds(5),
            giveUpAfter: Duration = .seconds(30)
        ) {
            self.initialPause = initialPause
            self.maximumPause = maximumPause
            self.giveUpAfter = giveUpAfter
        }

        /// The pause before attempt `number` (from 0), `random` in 0..<1.
        func pause(attempt number: Int, random: Double) -> Duration {
            var limit = initialPause
            for _ in 0..<min(number, 16) where limit < maximumPause { limit = limit * 2 }
            return min(limit, maximumPause) * random
        }
    }
}
