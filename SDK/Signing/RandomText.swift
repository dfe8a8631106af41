import CSluice

/// Random text of a format (`SLUICE_RANDOM_*`), every letter as likely as another.
enum RandomText {
    static func make<Environment: TemplateEnvironment>(
        format: UInt32, count: Int, _ environment: inout Environment
    ) -> [UInt8] {
        switch format {
        case SLUICE_RANDOM_HEX: letters("0123456789abcdef", count, &environment)
        case SLUICE_RANDOM_ALPHANUMERIC:
            letters("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", count, &environment)
        case SLUICE_RANDOM_DIGITS: letters("0123456789", count, &environment)
        case SLUICE_RANDOM_UUID: uuid(&environment)
        default: raw(count, &environment)
        }
    }

    private static func raw<Environment: TemplateEnvironment>(
        _ count: Int, _ environment: inout Environment
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { environment.fillRandom($0) }
        return bytes
    }

    /// Bytes beyond the last whole multiple of the alphabet are thrown away, or its first letters would come more often.
    private static func letters<Environment: TemplateEnvironment>(
        _ alphabet: StaticString, _ count: Int, _ environment: inout Environment
    ) -> [UInt8] {
        let size = alphabet.utf8CodeUnitCount
        let limit = 256 / size * size
        var text: [UInt8] = []
        text.reserveCapacity(count)
        while text.count < count {
            for byte in raw(count - text.count, &environment) where Int(byte) < limit {
                text.append(alphabet.utf8Start[Int(byte) % size])
            }
        }
        return text
    }

    /// RFC 9562, version 4.
    private static func uuid<Environment: TemplateEnvironment>(_ environment: inout Environment) -> [UInt8] {
        var bytes = raw(16, &environment)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }
}
