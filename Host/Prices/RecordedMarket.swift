import Glibc

/// The recorded prices that ship with the product; `Recorded/README.md` says where they are from.
package enum RecordedMarket {
    /// Where they are: beside the executable in an installed or built tree, else in the source tree. `nil` = nowhere.
    package static var directory: String? {
        let source = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let candidates =
            (executableDirectory.map { ["\($0)/sluice_Prices.resources/Recorded", "\($0)/../share/sluice/market"] }
                ?? [])
            + ["/\(source)/Recorded"]
        return candidates.first { access("\($0)/US_EQ_AAPL.daily.csv", R_OK) == 0 }
    }

    private static var executableDirectory: String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: "/")
            .dropLast()
            .reduce(into: "") { $0 += "/\($1)" }
    }
}
