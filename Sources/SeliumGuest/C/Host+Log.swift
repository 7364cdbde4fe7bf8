#if arch(wasm32)
    import SeliumABI

    // Structured records.
    extension Host {
        /// Texts after one another: target, message, then name and value of each field.
        static func log(
            _ level: LogLevel, _ target: String, _ message: String,
            _ fields: [(name: String, value: String)]
        ) throws(GuestError) {
            var bytes: [UInt8] = []
            var lengths: [UInt32] = []
            func add(_ text: String) {
                let before = bytes.count
                bytes += text.utf8
                lengths.append(UInt32(bytes.count - before))
            }
            add(target)
            add(message)
            for field in fields {
                add(field.name)
                add(field.value)
            }
            let result = bytes.withUnsafeBytes { buffer -> Int32 in
                var place = UInt32(UInt(bitPattern: buffer.baseAddress))
                // Place and length of each text; two of them are a field as the host reads it.
                var table: [UInt32] = []
                for length in lengths {
                    table += [place, length]
                    place += length
                }
                return hostLog(
                    level.rawValue, table[0], table[1], table[2], table[3],
                    Array(table.dropFirst(4)), Int32(fields.count))
            }
            try check(result)
        }
    }
#endif
