import Glibc
import Logging
import SeliumCertificates
import SeliumHosting
import SeliumKernel
import SeliumNetCore
import SeliumQUIC
import SeliumRuntime
import SeliumServer
import SeliumTLSCore

/// The runtime with its control server, from the first file that is read to the last process.
struct RuntimeService {
    private let settings: RuntimeSettings
    private let log: DiagnosticSink

    init(_ settings: RuntimeSettings, _ log: DiagnosticSink) {
        self.settings = settings
        self.log = log
    }

    /// Runs until a signal ends it; the exit code.
    func run() async throws(Failure) -> Int32 {
        let signals = Signals()
        defer { if settings.isPrivate { PrivateDirectory.remove(settings.workDirectory) } }
        if settings.isPrivate { try PrivateSetup.begin(settings.workDirectory) }
        if settings.isDefaultDirectory {
            do {
                try Runtime.checkDefaultDirectory(settings.workDirectory)
            } catch {
                throw .configuration(error.message, error.remedy)
            }
        }
        let certificates = try ServerCertificates(settings)
        try refuseLaterFiles(certificates)
        let runtime = try openRuntime()
        let (listener, server) = try await prepare(runtime, certificates)
        for address in listener.localAddresses { log.notice("Listening on \(address)") }
        await serve(server, listener, runtime, signals)
        return RuntimeProgram.ok
    }

    // MARK: Before anything listens

    private func openRuntime() throws(Failure) -> Runtime {
        // A folder that somebody named is made; the default has to look like one. A private one is there,
        // or was taken away for good.
        if !settings.isDefaultDirectory, !settings.isPrivate,
            !Surroundings.makeDirectory(settings.workDirectory)
        {
            throw .configuration("cannot make the work directory \(settings.workDirectory)")
        }
        do {
            return try Runtime(
                Runtime.Configuration(
                    workDirectory: settings.workDirectory,
                    isDefaultDirectory: settings.isDefaultDirectory,
                    compiler: ModuleCompiler(
                        ModuleCompiler.Configuration(compiler: "/proc/self/exe")),
                    keepsUnreadRecords: settings.isPrivate, logStorage: settings.logStorage,
                    logger: log.logger("selium.runtime")))
        } catch {
            throw .configuration(error.message, error.remedy)
        }
    }

    /// Checks the places, starts the programs, then binds: whatever is wrong is said before.
    private func prepare(
        _ runtime: Runtime, _ certificates: ServerCertificates
    ) async throws(Failure) -> (QUICListener, ControlServer) {
        do {
            let plan = try await ListenerPlan(log: log, tls: try certificates.context(settings))
                .addresses(settings.listeners)
            try warn(plan, certificates)
            let resetKey = try ResetKeyFile.key(inWorkDirectory: settings.workDirectory)
            try await startModules(runtime)
            let (listener, server) = try await bind(
                plan, runtime, certificates, resetKey: resetKey)
            return (listener, server)
        } catch {
            await runtime.shutDown()
            throw error
        }
    }

    private func bind(
        _ addresses: [SocketAddress], _ runtime: Runtime, _ certificates: ServerCertificates,
        resetKey: [UInt8]
    ) async throws(Failure) -> (QUICListener, ControlServer) {
        var configuration = ServerConfiguration()
        configuration.callers = settings.allowsAnonymous ? .anonymous : .certificates
        configuration.version = RuntimeCommand.version
        let logger = log.logger("selium.server")
        do {
            let listener = try await ControlServer.listen(
                on: addresses, identity: certificates.identity,
                clientRoots: settings.allowsAnonymous ? nil : certificates.clientRoots,
                configuration: configuration, authority: .unrestricted, resetKey: resetKey,
                logger: logger)
            return (
                listener, ControlServer(host: runtime, configuration: configuration, logger: logger)
            )
        } catch {
            let places = addresses.map(\.description).joined(separator: ", ")
            throw .configuration("cannot listen on \(places): \(error.message)")
        }
    }

    private func startModules(_ runtime: Runtime) async throws(Failure) {
        if settings.namesControlServer {
            log.notice(
                "the control server is built in: no \(ModuleSpec.controlServerFile) is needed")
        }
        for spec in settings.modules {
            do {
                let report = try await runtime.start(StartSpec(spec), idempotency: nil)
                log.notice(
                    "started a program",
                    [("module", spec.file), ("id", report.id.map { "\($0)" } ?? "")])
            } catch {
                throw .configuration("module '\(spec.file)': \(error.message)", error.remedy)
            }
        }
    }

    // MARK: What is refused, and what is warned of

    /// What a later version would obey must not be passed over in silence.
    private func refuseLaterFiles(_ certificates: ServerCertificates) throws(Failure) {
        let folders = Set([settings.workDirectory, certificates.directory])
        for folder in folders.sorted() {
            for name in ["policy", "policy.yaml", "policy.yml", "policy.json", "revoked"]
            where Surroundings.exists("\(folder)/\(name)") {
                throw .configuration(
                    "\(folder)/\(name) is there, and this version would not obey it", "move it away"
                )
            }
        }
    }

    private func warn(_ addresses: [SocketAddress], _ certificates: ServerCertificates)
        throws(Failure)
    {
        let isLocal = addresses.allSatisfy(\.address.isLoopback)
        if settings.allowsAnonymous {
            guard isLocal else {
                throw .configuration(
                    "--insecure-no-client-auth listens on loopback addresses only",
                    "take --listen 127.0.0.1:7000")
            }
            log.warning(
                "INSECURE: callers need no certificate; everybody on this machine may start programs"
            )
        }
        let key = "\(certificates.directory)/ca.key"
        if !isLocal, Surroundings.isReadable(key) {
            log.warning("\(key) can be read here: whoever has it makes callers; keep it elsewhere")
        }
    }

    // MARK: Serving

    private func serve(
        _ server: ControlServer, _ listener: QUICListener, _ runtime: Runtime, _ signals: Signals
    ) async {
        await withTaskGroup(of: Event.self) { group in
            group.addTask {
                // Loading a module may take a compile's time; nobody waits for that.
                async let _ = runtime.resumeProcesses()
                await server.run(listener)
                return .closed
            }
            group.addTask { await Self.next(signals) }
            var isListening = true
            var wasAsked = false
            var isDraining = false
            // The server may be closed long before the guests have used up their grace: the second
            // signal is heard until then.
            while isListening || isDraining, let event = await group.next() {
                switch event {
                case .signal(let number):
                    // The second one means now.
                    guard !wasAsked else { _exit(128 + number) }
                    (wasAsked, isDraining) = (true, true)
                    log.notice("shutting down")
                    server.beginGracefulShutdown()
                    group.addTask {
                        await runtime.shutDown()
                        return .drained
                    }
                    group.addTask { await Self.next(signals) }
                case .closed: isListening = false
                case .drained: isDraining = false
                case .none: break
                }
            }
            group.cancelAll()
        }
    }

    /// What happens while it serves.
    private enum Event: Sendable {
        case signal(Int32)
        /// The server has closed its last connection.
        case closed
        /// The runtime has ended its last process.
        case drained
        case none
    }

    private static func next(_ signals: Signals) async -> Event {
        for await number in signals.received { return .signal(number) }
        return .none
    }
}
