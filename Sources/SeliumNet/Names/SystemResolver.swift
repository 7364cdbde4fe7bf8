internal import NIOPosix
internal import Synchronization

/// The system's own resolver (getaddrinfo): nsswitch, hosts file, VPN rules and all.
///
/// It blocks, so it runs on threads that may. Who does not want to wait any more is let go at once; the
/// question itself cannot be taken back and counts until the system answers it.
public struct SystemResolver: NameResolver {
    /// Questions that may be with the system at once.
    public static let maximumQuestions = 64
    /// Addresses of one name that are looked at.
    public static let maximumAddresses = 64

    private static let questions = Mutex(0)

    /// The one there is.
    public init() {}

    /// See ``NameResolver/addresses(of:within:until:)``.
    public func addresses(
        of name: HostName, within duration: Duration?, until shutdown: ShutdownToken?
    ) async throws(NetError) -> [IPAddress] {
        // Not every system's hosts file has it, and no name server need be asked (RFC 6761 section 6.3).
        if SpecialName(DNSName(name)) == .loopback {
            return SpecialName.loopbackAddresses
        }
        let isFree = Self.questions.withLock { count in
            guard count < Self.maximumQuestions else { return false }
            count += 1
            return true
        }
        guard isFree else {
            throw NetError(.exhausted, doing: .resolve, detail: "too many names are being resolved")
        }
        let promise: Promise<SystemNames.Answer>
        do throws(Failure) {
            promise = try Promise()
        } catch {
            Self.questions.withLock { $0 -= 1 }
            throw NetError(error, doing: .resolve)
        }
        NIOThreadPool.singleton.submit { state in
            let answer: SystemNames.Answer =
                switch state {
                case .active: SystemNames.addresses(of: name, atMost: Self.maximumAddresses)
                case .cancelled: .failed(.temporaryNameFailure, errno: nil)
                }
            Self.questions.withLock { $0 -= 1 }
            promise.fulfil(answer)
        }
        let answer: SystemNames.Answer
        do throws(Failure) {
            answer = try await promise.get(Patience(duration, shutdown))
        } catch {
            throw NetError(error, doing: .resolve)
        }
        switch answer {
        case .addresses(let addresses): return addresses
        case .failed(let code, let errno):
            throw NetError(code, doing: .resolve, errno: errno, detail: name.text)
        }
    }
}
