/// Writes JSON straight into bytes, without values in between. Commas and escapes are taken care of.
///
/// ```swift
/// var json = JSONWriter()
/// json.beginObject()
/// json.member("symbol", "INFY")
/// json.member("price", price)
/// json.endObject()
/// send(json.bytes)
/// ```
/// Calls in an order that makes no JSON (a value where a key belongs, an end without a beginning) are programming
/// errors and stop the program. That no key comes twice is up to the caller.
public struct JSONWriter: Sendable {
    /// What the next call may be.
    private enum Place: UInt8 {
        case document, finished, firstKey, nextKey, memberValue, firstItem, nextItem
    }

    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []
    private var place = Place.document
    /// Where writing goes on after the open arrays and objects, outermost first.
    private var outerPlaces: [Place] = []
    private let isPretty: Bool

    /// A writer with room for `capacity` bytes. A pretty one puts members and items on lines of their own.
    public init(reserving capacity: Int = 256, pretty: Bool = false) {
        isPretty = pretty
        bytes.reserveCapacity(max(0, capacity))
    }

    /// Whether one whole document has been written.
    public var isComplete: Bool { place == .finished }

    /// Starts over with an empty document.
    public mutating func removeAll(keepingCapacity: Bool = true) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
        outerPlaces.removeAll(keepingCapacity: keepingCapacity)
        place = .document
    }

    // MARK: Structure

    /// Opens an object.
    public mutating func beginObject() { begin(UInt8(ascii: "{"), .firstKey) }

    /// Closes the innermost object.
    public mutating func endObject() {
        precondition(place == .firstKey || place == .nextKey, "no object to end here")
        end(UInt8(ascii: "}"), isEmpty: place == .firstKey)
    }

    /// Opens an array.
    public mutating func beginArray() { begin(UInt8(ascii: "["), .firstItem) }

    /// Closes the innermost array.
    public mutating func endArray() {
        precondition(place == .firstItem || place == .nextItem, "no array to end here")
        end(UInt8(ascii: "]"), isEmpty: place == .firstItem)
    }

    /// Names the next member of the innermost object.
    public mutating func key(_ key: String) {
        precondition(place == .firstKey || place == .nextKey, "no key belongs here")
        if place == .nextKey { bytes.append(UInt8(ascii: ",")) }
        breakLine()
        bytes.appendJSONString(key)
        bytes.append(UInt8(ascii: ":"))
        if isPretty { bytes.append(UInt8(ascii: " ")) }
        place = .memberValue
    }

    private mutating func begin(_ bracket: UInt8, _ inner: Place) {
        prepareValue()
        bytes.append(bracket)
        outerPlaces.append(place)
        place = inner
    }

    private mutating func end(_ bracket: UInt8, isEmpty: Bool) {
        place = outerPlaces.removeLast()
        if !isEmpty { breakLine() }
        bytes.append(bracket)
    }

    /// Puts what separates the coming value from the one before.
    private mutating func prepareValue() {
        switch place {
        case .document: place = .finished
        case .memberValue: place = .nextKey
        case .firstItem:
            place = .nextItem
            breakLine()
        case .nextItem:
            bytes.append(UInt8(ascii: ","))
            breakLine()
        case .finished, .firstKey, .nextKey: preconditionFailure("no value belongs here")
        }
    }

    private mutating func breakLine() {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * outerPlaces.count))
    }

    // MARK: Values

    /// A string.
    public mutating func string(_ value: String) {
        prepareValue()
        bytes.appendJSONString(value)
    }

    /// An integer.
    public mutating func int(_ value: Int64) {
        decimal(ExactDecimal(value))
    }

    /// A number, exactly.
    public mutating func decimal(_ value: ExactDecimal) {
        prepareValue()
        value.write(to: &bytes)
    }

    /// A decimal as a string, `"2500.05"`, for readers that would turn a number into binary floating point.
    public mutating func decimalText(_ value: ExactDecimal) {
        prepareValue()
        bytes.append(UInt8(ascii: "\""))
        value.write(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// `true` or `false`.
    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    /// `null`.
    public mutating func null() { raw("null") }

    /// A value that is JSON already. It is not checked.
    public mutating func raw(_ json: String) {
        prepareValue()
        bytes.append(contentsOf: json.utf8)
    }

    /// A value that is JSON already. It is not checked.
    public mutating func raw(_ json: [UInt8]) {
        prepareValue()
        bytes.append(contentsOf: json)
    }
}
