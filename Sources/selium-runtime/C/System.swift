import Glibc

/// The clock on the wall.
enum Clock {
    /// Seconds since 1970.
    static func seconds() -> Int64 { Int64(time(nil)) }
}

/// The environment of the own process.
enum Environment {
    /// All variables; the first of one name counts, as for getenv.
    static func variables() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                let name = String(pair[..<equals])
                if variables[name] == nil {
                    variables[name] = String(pair[pair.index(after: equals)...])
                }
            }
            unsafe entry = entry.advanced(by: 1)
        }
        return variables
    }
}

/// Files of the runtime's own surroundings.
enum Surroundings {
    /// Whether there is something of that path, readable or not.
    static func exists(_ path: String) -> Bool {
        var byte: CChar = 0
        // A link that leads nowhere is there, too.
        return unsafe access(path, F_OK) == 0 || errno == EACCES || readlink(path, &byte, 1) >= 0
    }

    /// Whether we could read the file.
    static func isReadable(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }

    /// Makes a directory for its owner only; false when there is something of that name already.
    static func makeNewDirectory(_ path: String) -> Bool { unsafe mkdir(path, 0o700) == 0 }

    /// Makes a directory for its owner only; true when it is there afterwards.
    static func makeDirectory(_ path: String) -> Bool {
        unsafe mkdir(path, 0o700) == 0 || errno == EEXIST
    }
}
