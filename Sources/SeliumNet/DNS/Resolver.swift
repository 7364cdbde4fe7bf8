internal import Synchronization

/// Asks DNS, over sockets of its own (RFC 1035, RFC 5452, RFC 7766), and keeps what it learns.
///
/// ``system`` is what most programs want: the servers of `/etc/resolv.conf` and the names of
/// `/etc/hosts`. Another configuration is `Resolver(configuration)`. The same question asked twice at
/// once is sent once; answers are kept for their time; every lookup takes `within:` and `until:` and ends
/// when its task is cancelled, which is no failure (`DNSError.interruption`).
///
/// A resolver asks its authority for each name before anything is sent, and for each address that comes
/// back unless it is a global one: a name that somebody else fills may not lead into the own network.
public final class Resolver: Sendable {
    /// The driver of the files as they were, and when to look at them again.
    private struct Current {
        var driver: ResolverDriver
        var stamps: ResolverFiles.Stamps
        var lookAgain: UInt64
    }

    /// The servers and names of this machine. Its files are read again when they change.
    public static let system = Resolver(files: ResolverFiles())

    /// What a resolver holds.
    public struct Statistics: Hashable, Sendable {
        /// Answers that are kept, expired ones included.
        public let cached: Int
        /// Lookups that wait.
        public let lookups: Int
        /// Different questions that are under way.
        public let questions: Int
        /// Sockets that are open for datagrams.
        public let sockets: Int
        /// Streams that are open, or about to be.
        public let streams: Int
    }

    /// Who may ask for what.
    public let authority: NetworkAuthority

    private let source: Source

    /// A resolver of the program's own.
    ///
    /// - Parameters:
    ///   - configuration: whom to ask and how.
    ///   - hosts: what is answered without asking.
    ///   - options: how sockets are used.
    ///   - authority: who may ask for what; everything unless said otherwise.
    public init(
        _ configuration: ResolverConfiguration, hosts: HostsFile = HostsFile(),
        options: ResolverOptions = ResolverOptions(), authority: NetworkAuthority = .unrestricted
    ) {
        source = .fixed(
            ResolverDriver(configuration: configuration, hosts: hosts, options: options))
        self.authority = authority
    }

    /// A resolver that is configured by files, which are read again when they change.
    public init(
        files: ResolverFiles, options: ResolverOptions = ResolverOptions(),
        authority: NetworkAuthority = .unrestricted
    ) {
        source = .files(WatchedFiles(files, options))
        self.authority = authority
    }

    private init(_ source: Source, authority: NetworkAuthority) {
        self.source = source
        self.authority = authority
    }

    /// The same resolver, sockets and cache, for somebody who may ask for less, or more.
    public func bound(to authority: NetworkAuthority) -> Resolver {
        Resolver(source, authority: authority)
    }

    /// Forgets all answers.
    public func clearCache() {
        source.driver().state.withLock { $0.machine.clearCache() }
    }

    /// What it holds at this moment.
    public var statistics: Statistics {
        source.driver().state.withLock { state in
            Statistics(
                cached: state.machine.cachedCount, lookups: state.waiting.count,
                questions: state.machine.questionCount,
                sockets: state.sockets.count, streams: state.streams.count)
        }
    }

    /// Asks a question as it stands: the name is absolute, the hosts file plays no part.
    ///
    /// - Parameters:
    ///   - question: name, type and class.
    ///   - duration: how long it may take in all; nil: as long as the configuration allows.
    ///   - shutdown: ends it when it fires.
    /// - Returns: the records, the aliases that led to them, and for how long they hold.
    /// - Throws: `.hostNotFound`, `.noData`, `.timeout`, `.serverError`, `.refused` (with a denial when it
    ///   is our own authority that refuses), `.networkError`, and `.other` for an interruption.
    public func answer(
        to question: DNSQuestion, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> DNSAnswer {
        try require(question.name)
        return try await ask(question, within: duration, until: shutdown)
    }

    /// As ``answer(to:within:until:)``, for who has asked the authority.
    func ask(
        _ question: DNSQuestion, within duration: Duration?, until shutdown: ShutdownToken?
    ) async throws(DNSError) -> DNSAnswer {
        let outcome = await source.driver().run(within: duration, until: shutdown) {
            machine, now, random throws(DNSError) in
            try machine.query(question, now: now, using: &random)
        }
        switch outcome {
        case .records(var answer):
            try keepAllowed(&answer)
            return answer
        case .failed(let error): throw error
        case .addresses: throw DNSError(.other, "another kind of answer")
        }
    }

    /// The addresses of a host by hosts file, special names, search list and DNS, unsorted; the
    /// authority is not asked.
    func hostAnswer(
        _ host: HostName, _ families: AddressFamilies, within duration: Duration?,
        until shutdown: ShutdownToken?
    ) async throws(DNSError) -> HostAnswer {
        let outcome = await source.driver().run(within: duration, until: shutdown) {
            machine, now, random throws(DNSError) in
            try machine.lookUpHost(host, families: families, now: now, using: &random)
        }
        switch outcome {
        case .addresses(let answer): return answer
        case .failed(let error): throw error
        case .records: throw DNSError(.other, "another kind of answer")
        }
    }

    /// What the hosts file calls an address.
    func knownName(of address: IPAddress) -> HostName? {
        source.driver().state.withLock { $0.machine.knownName(of: address) }
    }
}

extension Resolver {
    /// What a resolver and those bound to another authority share: one driver, or that of some files.
    private enum Source: Sendable {
        case fixed(ResolverDriver)
        case files(WatchedFiles)

        func driver() -> ResolverDriver {
            switch self {
            case .fixed(let driver): driver
            case .files(let files): files.driver()
            }
        }
    }

    /// Files, and the driver that they make.
    private final class WatchedFiles: Sendable {
        private let files: ResolverFiles
        private let options: ResolverOptions
        private let current = Mutex<Current?>(nil)

        init(_ files: ResolverFiles, _ options: ResolverOptions) {
            self.files = files
            self.options = options
        }

        /// The driver of the files as they are. Lookups of an earlier one end as they began.
        func driver() -> ResolverDriver {
            current.withLock { current in
                if let known = current, Monotonic.now < known.lookAgain { return known.driver }
                let next = Monotonic.deadline(in: files.checkInterval) ?? .max
                let stamps = files.stamps
                if let known = current, known.stamps == stamps {
                    current?.lookAgain = next
                    return known.driver
                }
                let driver = ResolverDriver(
                    configuration: files.configuration, hosts: files.hosts, options: options)
                current = Current(driver: driver, stamps: stamps, lookAgain: next)
                return driver
            }
        }
    }
}

/// The files that a resolver is configured by.
public struct ResolverFiles: Sendable {
    struct Stamps: Equatable {
        let configuration: SystemFile.Stamp?
        let hosts: SystemFile.Stamp?
    }

    /// No more of a resolv.conf is read than so many bytes.
    public static let maximumConfigurationLength = 65_536
    /// No more of a hosts file is read than so many bytes.
    public static let maximumHostsLength = 64 << 20

    /// The path of the resolv.conf(5).
    public let configurationPath: String
    /// The path of the hosts(5).
    public let hostsPath: String
    /// How long nobody looks whether they have changed.
    public let checkInterval: Duration

    /// The system's files, or others of the same form. One that is not there is empty.
    public init(
        configuration: String = "/etc/resolv.conf", hosts: String = "/etc/hosts",
        checkInterval: Duration = .seconds(1)
    ) {
        configurationPath = configuration
        hostsPath = hosts
        self.checkInterval = checkInterval
    }

    private var configurationFile: SystemFile {
        SystemFile(path: configurationPath, limit: Self.maximumConfigurationLength)
    }

    private var hostsFile: SystemFile {
        SystemFile(path: hostsPath, limit: Self.maximumHostsLength)
    }

    var stamps: Stamps {
        Stamps(configuration: configurationFile.stamp, hosts: hostsFile.stamp)
    }

    /// What the resolv.conf says now.
    public var configuration: ResolverConfiguration {
        ResolverConfiguration(parsing: configurationFile.text)
    }

    /// What the hosts file says now.
    public var hosts: HostsFile { HostsFile(parsing: hostsFile.text) }
}
