/// A key and its value in one call. An absent value is written as `null`.
extension JSONWriter {
    /// A member holding a string.
    public mutating func member(_ key: String, _ value: String) {
        self.key(key)
        string(value)
    }

    /// A member holding a string or `null`.
    public mutating func member(_ key: String, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
    }

    /// A member holding a number.
    public mutating func member(_ key: String, _ value: ExactDecimal) {
        self.key(key)
        decimal(value)
    }

    /// A member holding a number or `null`.
    public mutating func member(_ key: String, _ value: ExactDecimal?) {
        self.key(key)
        if let value { decimal(value) } else { null() }
    }

    /// A member holding a decimal as a string, `"2500.05"`, or `null`.
    public mutating func member(_ key: String, text value: ExactDecimal?) {
        self.key(key)
        if let value { decimalText(value) } else { null() }
    }

    /// A member holding an integer.
    public mutating func member(_ key: String, _ value: Int64) {
        self.key(key)
        int(value)
    }

    /// A member holding an integer or `null`.
    public mutating func member(_ key: String, _ value: Int64?) {
        self.key(key)
        if let value { int(value) } else { null() }
    }

    /// A member holding an integer; the type of a count and of a literal.
    public mutating func member(_ key: String, _ value: Int) {
        member(key, Int64(value))
    }

    /// A member holding a truth value.
    public mutating func member(_ key: String, _ value: Bool) {
        self.key(key)
        bool(value)
    }

    /// A member holding any value.
    public mutating func member(_ key: String, _ value: JSONValue) {
        self.key(key)
        self.value(value)
    }
}
