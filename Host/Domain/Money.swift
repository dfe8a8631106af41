/// A currency or settlement asset: 1 to 8 characters `A-Z 0-9`, packed into a word so that comparing two is one
/// instruction.
@frozen
package struct Currency: Hashable, Sendable, CustomStringConvertible {
    package let packed: UInt64

    package init?(_ code: some StringProtocol) {
        let bytes = code.utf8
        guard (1...8).contains(bytes.count) else { return nil }
        var packed: UInt64 = 0
        for byte in bytes {
            guard (65...90).contains(byte) || (48...57).contains(byte) else { return nil }
            packed = packed << 8 | UInt64(byte)
        }
        self.packed = packed
    }

    package init(packed: UInt64) { self.packed = packed }

    package var description: String {
        var bytes: [UInt8] = []
        for shift in stride(from: 56, through: 0, by: -8) where packed >> UInt64(shift) & 0xff != 0 {
            bytes.append(UInt8(packed >> UInt64(shift) & 0xff))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Digits after the point of the minor unit (ISO 4217; 2 where the standard gives none, 8 for crypto assets, whose
    /// chains divide them further than any cent).
    package var minorDigits: Int { Self.unusualDigits[self] ?? 2 }

    /// Every amount that is read asks: by word, since comparing the codes as text costs fifty times as much.
    private static let unusualDigits: [Currency: Int] = {
        let codes: [(digits: Int, codes: [String])] = [
            (0, ["JPY", "KRW", "VND", "CLP", "ISK"]), (3, ["BHD", "JOD", "KWD", "OMR", "TND"]),
            (8, ["BTC", "ETH", "SOL", "BNB", "XRP", "LTC", "DOGE"]), (6, ["USDT", "USDC"]),
        ]
        var digits: [Currency: Int] = [:]
        for entry in codes {
            for code in entry.codes.compactMap({ Currency($0) }) { digits[code] = entry.digits }
        }
        return digits
    }()
}

/// An amount in minor units (paise, cents) of one currency.
package struct Money: Hashable, Sendable, CustomStringConvertible {
    package let minorUnits: Int64
    package let currency: Currency

    package init(minorUnits: Int64, currency: Currency) { (self.minorUnits, self.currency) = (minorUnits, currency) }

    /// `nil` where the amount has more digits than the currency or does not fit.
    package init?(_ amount: ExactDecimal, _ currency: Currency) {
        guard let scaled = amount.scaled(to: -currency.minorDigits), let minor = Int64(exactly: scaled) else {
            return nil
        }
        self.init(minorUnits: minor, currency: currency)
    }

    /// Reads `"20000 INR"`.
    package init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let amount = ExactDecimal(String(parts[0])), let currency = Currency(parts[1]) else {
            return nil
        }
        self.init(amount, currency)
    }

    package var amount: ExactDecimal {
        // An Int64 mantissa at a small exponent is always representable.
        ExactDecimal(mantissa: Int128(minorUnits), exponent: -currency.minorDigits) ?? .zero
    }
    package var description: String { "\(amount) \(currency)" }
}
