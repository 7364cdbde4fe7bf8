internal import SeliumClient

/// What `ps` shows.
struct ProcessTable {
    static let columns = [
        "ID", "NAME", "MODULE", "STATE", "UPTIME", "RESTARTS", "CPU", "MEM", "OWNER",
    ]

    let text: String

    init(_ rows: [ProcessStatus], ownNamespace: String) {
        var table = Table(Self.columns, rightAligned: [0, 4, 5, 6, 7])
        for row in rows {
            let name = row.name.isEmpty ? "-" : row.name
            table.append([
                String(row.id),
                Escape.foreign(row.namespace == ownNamespace ? name : "\(row.namespace)/\(name)"),
                Self.module(row.moduleName), SupervisionView.state(row),
                Quantity.uptime(row.uptimeNanoseconds),
                String(row.incarnation > 0 ? row.incarnation - 1 : 0),
                Quantity.cpu(row.cpuNanoseconds),
                Quantity.size(row.memory), Escape.foreign(row.owner),
            ])
        }
        text = table.text
    }

    /// A digest is told by its beginning; all of it is in json.
    private static func module(_ name: String) -> String {
        let digest = "sha256:"
        let shown = name.hasPrefix(digest) ? name.prefix(digest.count + 12) : name[...]
        return Escape.foreign(String(shown))
    }
}
