internal import SeliumHosting

extension InMemoryProcessHost {
    /// The contract's modules as scripts.
    package static func module(_ behaviour: HostContract.Behaviour) -> [UInt8] {
        switch behaviour {
        case .lines(let count, let code): Script.module("lines \(count)", "exit \(code)")
        case .bothStreams: Script.module("print out", "error err", "write rest")
        case .echo: Script.module("echo", "exit 0")
        case .endless: Script.module("wait")
        case .ready: Script.module("ready", "wait")
        case .trap: Script.module("trap unreachable")
        case .readsClock: Script.module("import TimeRead")
        case .garbage: Array("this is no module".utf8)
        }
    }

    /// A fresh host for one check.
    package static func fixture() -> HostContract.Fixture {
        let host = InMemoryProcessHost()
        return HostContract.Fixture(
            host: host, passTime: { host.letTimePass() }, module: { module($0) })
    }
}
