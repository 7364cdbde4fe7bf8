#if arch(wasm32)
    /// What this program was started with, and how it ends.
    public enum Program {
        /// The words behind `--`, without the program's own name.
        public static var arguments: [String] { Array(Host.strings(.arguments).dropFirst()) }

        /// The value of a variable of the environment the starter passed, nil if there is none.
        public static func environment(_ name: String) -> String? {
            let name = Array(name.utf8)
            for entry in Host.strings(.environment) {
                let bytes = Array(entry.utf8)
                guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")),
                    bytes[..<equals].elementsEqual(name)
                else { continue }
                return String(decoding: bytes[(equals + 1)...], as: UTF8.self)
            }
            return nil
        }

        /// Ends the program with an exit code.
        public static func exit(_ code: Int32) -> Never { Host.exit(code) }
    }
#endif
