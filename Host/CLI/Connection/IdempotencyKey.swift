/// A fresh key for a request that changes something.
enum IdempotencyKey {
    /// 26 letters and digits from the system's source: 130 bits, so that two never meet.
    static func fresh() -> String {
        var source = SystemRandomNumberGenerator()
        return fresh(using: &source)
    }

    static func fresh(using source: inout some RandomNumberGenerator) -> String {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        return "cli-" + String((0..<26).map { _ in alphabet[Int(truncatingIfNeeded: source.next() & 31)] })
    }
}
