import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumWasm

/// A module that is ready to run: shared by all its processes.
final class LoadedModule: Sendable {
    let digest: ModuleDigest
    let prepared: PreparedModule
    /// Imports that need a capability, in the module's order, each once.
    private let needs: [ImportNote]
    /// Imports nobody provides.
    private let unknown: [ImportNote]
    /// What its memory begins with, bytes, exported or not; 0 when it has none.
    let initialMemory: UInt64
    /// It has a memory that it exports under no name at all: nobody can say how much it uses.
    let hidesMemory: Bool
    /// An import that works on the guest's memory, which a host function finds as `memory` alone;
    /// nil where there is none, or its memory is found.
    let blindImport: String?

    init(_ digest: ModuleDigest, _ prepared: PreparedModule, _ outline: ModuleScanner.Outline) {
        self.digest = digest
        self.prepared = prepared
        let exported = prepared.module.exports.filter { export in
            if case .memory = export.type { true } else { false }
        }
        initialMemory = max(prepared.module.initialMemory, UInt64(outline.memoryPages) * 65_536)
        hidesMemory = exported.isEmpty && outline.memories > 0
        let isFound = exported.contains { $0.name == "memory" }
        let hasBlind = !isFound && (hidesMemory || !exported.isEmpty)
        blindImport =
            hasBlind
            ? prepared.module.imports.first {
                HostFunctions.usesMemory(module: $0.module, name: $0.name)
            }
            .map { "\($0.module).\($0.name)" } : nil
        var seen: Set<ImportNote> = []
        needs = prepared.module.imports.compactMap { item in
            guard let capability = HostFunctions.capability(module: item.module, name: item.name)
            else {
                return nil
            }
            let note = ImportNote(module: item.module, name: item.name, capability: capability)
            return seen.insert(note).inserted ? note : nil
        }
        unknown = prepared.unknownImports.compactMap { item in
            let note = ImportNote(
                module: cleanedText(item.module, limit: 64),
                name: cleanedText(item.name, limit: 64), capability: nil)
            // A module may import one name several times.
            return seen.insert(note).inserted ? note : nil
        }
    }

    /// The imports that will not work with these grants.
    func notes(granted: CapabilitySet) -> [ImportNote] {
        needs.filter { note in note.capability.map { !granted.contains($0) } ?? true } + unknown
    }

    /// Every import, each once, in the module's order.
    var allImports: [ModuleDetail.Import] {
        var seen: Set<ModuleDetail.Import> = []
        let missing = Set(prepared.unknownImports.map { "\($0.module)\0\($0.name)" })
        return prepared.module.imports.compactMap { item in
            let capability = HostFunctions.capability(module: item.module, name: item.name)
            let one = ModuleDetail.Import(
                module: cleanedText(item.module, limit: 64),
                name: cleanedText(item.name, limit: 64), capability: capability?.name ?? "",
                isProvided: !missing.contains("\(item.module)\0\(item.name)"))
            return seen.insert(one).inserted ? one : nil
        }
    }

    /// Imports that trap when they are called, for the log.
    var unknownImports: [ImportNote] { unknown }

    /// `start` if the module exports such a function, else `_start`.
    var defaultEntrypoint: String {
        let hasStart = prepared.module.exports.contains { export in
            if case .function = export.type { export.name == "start" } else { false }
        }
        return hasStart ? "start" : "_start"
    }
}
