import CSluice
import Domain

/// An adapter's error record, as read: our value and the two claims that the verdict needs.
struct ReadError {
    var value: AdapterError
    /// `SLUICE_CERTAINTY_*`, 0 = the default of the code.
    var certainty: UInt32
    /// Whether the code is one of vocabulary 1.
    var isKnownCode: Bool
}

/// Reads a `sluice_error`; `nil` where there is none.
func readError(_ pointer: UnsafePointer<sluice_error>?, _ field: StaticString) throws(ContractBreach) -> ReadError? {
    guard let error = try checkedEntity(pointer, size: EntitySize.error, field)?.pointee else { return nil }
    let code = UInt8(exactly: error.code).flatMap(AdapterErrorCode.init(rawValue:))
    var text = try error.text.text("error.text", limit: Bounds.textBytes)
    if code == nil {  // the raw number is kept for a person to read
        let note = error.code == 0 ? "the adapter gave no error code" : "unknown error code \(error.code)"
        text = text.map { "\($0) (\(note))" } ?? note
    }
    guard error.certainty <= SLUICE_CERTAINTY_UNKNOWN else {
        throw ContractBreach("error.certainty", "is \(error.certainty); 0 to \(SLUICE_CERTAINTY_UNKNOWN)")
    }
    let value = AdapterError(
        code: code ?? .other, brokerCode: try error.broker_code.text("error.broker_code", limit: Bounds.textBytes),
        brokerText: try error.broker_text.text("error.broker_text", limit: Bounds.textBytes), text: text,
        field: try error.field.text("error.field"), httpStatus: error.http_status == 0 ? nil : Int(error.http_status),
        retryAfterNanoseconds: error.retry_after_ns > 0 ? error.retry_after_ns : nil)
    return ReadError(value: value, certainty: error.certainty, isKnownCode: code != nil)
}
