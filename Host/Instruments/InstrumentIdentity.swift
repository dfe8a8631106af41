package import Domain

/// A name of an instrument in a namespace (an adapter's id, `isin`, or `sluice` for canonical ids), and when it held.
package struct InstrumentAlias: Hashable, Sendable {
    package var namespace: String
    package var text: String
    package var brokerData: [UInt8]?
    package var validFrom: Timestamp
    /// `nil` = it holds.
    package var validTo: Timestamp?

    package init(namespace: String, text: String, brokerData: [UInt8]?, validFrom: Timestamp, validTo: Timestamp?) {
        (self.namespace, self.text, self.brokerData) = (namespace, text, brokerData)
        (self.validFrom, self.validTo) = (validFrom, validTo)
    }
}

/// What stays the same of an instrument whatever it is called.
package struct InstrumentIdentity: Hashable, Sendable {
    /// Names of the past that are shown of one instrument, latest first.
    static let maximumPastNames = 100

    /// Given once in the life of the data directory, never again.
    package var uid: Int64
    package var validFrom: Timestamp
    /// When the last source stopped listing it; `nil` = it is listed.
    package var validTo: Timestamp?
    package var aliases: [InstrumentAlias]
}
