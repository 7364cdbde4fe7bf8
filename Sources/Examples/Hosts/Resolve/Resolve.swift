import SeliumNet

/// Prints what DNS knows of a name: `example-resolve example.com`. Asks the servers of this machine,
/// or one of one's own: `example-resolve example.com 192.0.2.53:53`.
@main
struct Resolve {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else { return print("NAME [SERVER:PORT]") }
        let name = arguments[1]
        var resolver = Resolver.system
        if arguments.count > 2 {
            var configuration = ResolverConfiguration()
            configuration.servers = [.init(try SocketAddress(parsing: arguments[2]))]
            configuration.timeout = 3_000_000_000
            resolver = Resolver(configuration)
        }
        for address in try await resolver.lookupHost(name, within: .seconds(10)) {
            print("address", address)
        }
        do throws(DNSError) {
            for mx in try await resolver.lookupMX(name) { print("mail", mx.priority, mx.exchange) }
        } catch {
            guard error.code == .noData else { throw error }
            print("no mail")
        }
    }
}
