package import Domain

/// What an adapter calls an instrument, and what it wants back with every order on it.
package struct InstrumentHandle: Hashable, Sendable {
    /// At most 256 bytes of UTF-8.
    package static let maximumAliasBytes = 256
    package static let maximumBrokerDataBytes = 256

    package var alias: String?
    package var brokerData: [UInt8]?

    package init(alias: String?, brokerData: [UInt8]?) { (self.alias, self.brokerData) = (alias, brokerData) }
}

/// That an adapter says another figure of an instrument than the one in force: opening orders on it through that adapter
/// are refused until a person acknowledges the difference or the adapter comes to agree. Closing orders pass.
package struct InstrumentQuarantine: Hashable, Sendable {
    /// The adapter.
    package var source: String
    /// `tick`, `lot_size`, `multiplier`, `freeze_quantity`, `expiry` or `currency`. The strike is part of the id.
    package var field: String
    package var stated: String
    package var inForce: String

    /// A sentence for a person.
    package var text: String { "\(source) says \(field) \(stated), in force is \(inForce)" }
}

/// Why opening orders on an instrument are refused, whatever the adapter.
package struct InstrumentRefusal: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        /// No source lists it any more; closing orders pass, by the figures of its last listing.
        case withdrawn
        /// Its source says that it is not traded: closing orders are refused, too.
        case notTraded
        /// It goes by another name now; closing orders pass.
        case renamed
        /// A figure that prices and quantities cannot be counted without is said by nobody, or cannot be counted. Closing
        /// orders pass where the figure was known before.
        case missingField, unusable
    }
    package var kind: Kind
    package var text: String
    /// The figure that is missing, in the overlay's word for it.
    package var field: String?
}

/// That an instrument goes by another id now (same ISIN or same broker token, new root).
package struct InstrumentRename: Hashable, Sendable {
    package var old: InstrumentID
    package var new: InstrumentID
    /// `isin`, `broker_data` or `alias`: what is the same.
    package var evidence: String
}
