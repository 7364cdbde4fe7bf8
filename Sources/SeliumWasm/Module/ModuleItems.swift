/// What an import or export is.
public enum ItemType: Sendable, Hashable {
    case function(FunctionType)
    case global
    case table
    /// Initial size in pages of 64 KiB.
    case memory(minimumPages: UInt64)
    case tag
}

/// Something a module wants from its host. Names are the module's own bytes, repaired where they
/// are not UTF-8: escape before showing.
public struct ModuleImport: Sendable, Hashable {
    public var module: String
    public var name: String
    public var type: ItemType

    public init(module: String, name: String, type: ItemType) {
        self.module = module
        self.name = name
        self.type = type
    }
}

/// Something a module offers. Its name is the module's own: escape before showing.
public struct ModuleExport: Sendable, Hashable {
    public var name: String
    public var type: ItemType

    public init(name: String, type: ItemType) {
        self.name = name
        self.type = type
    }
}
