/// The names and addresses of hosts(5): what is answered without asking anybody.
public struct HostsFile: Hashable, Sendable {
    /// How many lines with an address are kept; blocklists have that many, more would be data.
    public static let maximumEntries = 1_000_000

    /// How many addresses of one name are kept.
    public static let maximumAddresses = 64

    private var addressesByName: [String: [IPAddress]] = [:]
    private var nameByAddress: [IPAddress: HostName] = [:]
    private var count = 0

    /// A file without entries.
    public init() {}

    /// Reads the text of a hosts file. What is no address or no name is skipped, as the system does
    /// it: one broken line must not take the others along.
    public init(parsing text: some StringProtocol) {
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let words = line.prefix { $0 != UInt8(ascii: "#") }
                .split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
                .map { String(decoding: $0, as: UTF8.self) }
            guard words.count > 1, count < Self.maximumEntries, let address = IPAddress(words[0])
            else { continue }
            count += 1
            for word in words.dropFirst() {
                guard let name = HostName(word) else { continue }
                add(name, address)
            }
        }
    }

    private mutating func add(_ name: HostName, _ address: IPAddress) {
        if nameByAddress[address] == nil { nameByAddress[address] = name }
        let known = addressesByName[name.text] ?? []
        guard known.count < Self.maximumAddresses, !known.contains(address) else { return }
        addressesByName[name.text, default: []].append(address)
    }

    /// The addresses of a name in the order of the file; empty when it has none.
    public func addresses(of name: HostName) -> [IPAddress] {
        addressesByName[name.text] ?? []
    }

    /// The first name of an address, the canonical one by hosts(5).
    public func name(of address: IPAddress) -> HostName? {
        nameByAddress[address]
    }
}
