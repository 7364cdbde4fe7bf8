/// Lets global flags stand before the command: they are moved behind its name, where the command's
/// own parser finds them.
enum ArgumentOrder {
    /// The arguments with the command first.
    ///
    /// - Parameters:
    ///   - arguments: everything behind the program's name.
    ///   - groups: commands that have commands of their own, and their names.
    static func commandFirst(_ arguments: [String], groups: [String: [String]]) -> [String] {
        var globals: [String] = []
        var index = 0
        while index < arguments.count, let length = globalLength(arguments, at: index) {
            globals += arguments[index..<min(index + length, arguments.count)]
            index += length
        }
        guard index < arguments.count, !arguments[index].hasPrefix("-") else { return arguments }
        var path = [arguments[index]]
        index += 1
        if let members = groups[path[0]], index < arguments.count,
            members.contains(arguments[index])
        {
            path.append(arguments[index])
            index += 1
        }
        return path + globals + arguments[min(index, arguments.count)...]
    }

    /// How many words a global flag at `index` takes; nil when there is none.
    private static func globalLength(_ arguments: [String], at index: Int) -> Int? {
        let word = arguments[index]
        for setting in Setting.all {
            let names = ["--" + setting.name] + (setting.short.map { ["-" + $0] } ?? [])
            if names.contains(word) { return setting.isSwitch ? 1 : 2 }
            if !setting.isSwitch, names.contains(where: { word.hasPrefix($0 + "=") }) { return 1 }
        }
        return nil
    }
}
