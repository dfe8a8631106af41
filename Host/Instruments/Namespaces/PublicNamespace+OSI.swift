import Domain

/// The option symbols of the Options Clearing Corporation: six characters of root, `YYMMDD`, `C` or `P`, and the strike in
/// thousandths in eight digits. Roots of letters and digits alone: how a class share's dot is written is not certain.
extension PublicNamespace {
    static func osiName(_ parts: InstrumentIDParts) -> String? {
        guard parts.venue == "OPRA", parts.kind == .option, isPlain(parts.root), parts.root.utf8.count <= 6,
            let date = parts.expiry.flatMap(compact), let right = parts.right, let strike = parts.strike,
            let thousandths = ExactDecimal(String(strike))?.scaled(to: -3), thousandths > 0,
            thousandths <= 99_999_999
        else { return nil }
        let digits = "\(thousandths)"
        return parts.root + String(repeating: " ", count: 6 - parts.root.utf8.count) + date + right
            + String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    /// With the root padded to six characters, or as it is.
    static func osiIDs(_ text: String) throws(Malformed) -> [String] {
        let wrong = Malformed(
            reason:
                "'\(text.prefix(64))' is no option symbol: a root of at most 6 letters and digits, padded with spaces "
                + "or not, YYMMDD, C or P, and the strike in thousandths in 8 digits, like AAPL  260918C00260000")
        let bytes = Array(text.utf8)
        guard bytes.count >= 16, bytes.count <= 21 else { throw wrong }
        let (head, tail) = (text.prefix(bytes.count - 15), text.suffix(15))
        let root = head.prefix { $0 != " " }
        guard isPlain(root), root.utf8.count <= 6, head.dropFirst(root.utf8.count).allSatisfy({ $0 == " " }),
            head.utf8.count == 6 || head.utf8.count == root.utf8.count, let date = date(compact: tail.prefix(6)),
            isDigits(tail.suffix(8)), let thousandths = Int64(tail.suffix(8)), thousandths > 0,
            let strike = ExactDecimal(mantissa: Int128(thousandths), exponent: -3)
        else { throw wrong }
        let right = tail.dropFirst(6).prefix(1)
        guard right == "C" || right == "P" else { throw wrong }
        return ["OPRA:OPT:\(root):\(date):\(strike):\(right)"]
    }
}
