/// What an adapter can do (`sluice_descriptor.capabilities[0]`). A call whose bit is unset is never made.
package struct AdapterCapabilities: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let submit = Self(rawValue: 0x1)
    package static let submitBatch = Self(rawValue: 0x2)
    package static let modify = Self(rawValue: 0x4)
    package static let cancel = Self(rawValue: 0x8)
    package static let cancelAll = Self(rawValue: 0x10)
    package static let preview = Self(rawValue: 0x20)
    package static let queryOrders = Self(rawValue: 0x40)
    package static let queryTrades = Self(rawValue: 0x80)
    package static let queryPositions = Self(rawValue: 0x100)
    package static let queryHoldings = Self(rawValue: 0x200)
    package static let queryFunds = Self(rawValue: 0x400)
    package static let queryMargins = Self(rawValue: 0x800)
    package static let queryInstruments = Self(rawValue: 0x1000)
    package static let queryProfile = Self(rawValue: 0x2000)
    package static let reconcile = Self(rawValue: 0x4000)
    package static let consumesPrices = Self(rawValue: 0x8000)

    /// Every bit of this vocabulary with its word, in the order of the header.
    package static let named: [(capability: AdapterCapabilities, name: String)] = [
        (.submit, "submit"), (.submitBatch, "submit_batch"), (.modify, "modify"), (.cancel, "cancel"),
        (.cancelAll, "cancel_all"), (.preview, "preview"), (.queryOrders, "query_orders"),
        (.queryTrades, "query_trades"), (.queryPositions, "query_positions"), (.queryHoldings, "query_holdings"),
        (.queryFunds, "query_funds"), (.queryMargins, "query_margins"), (.queryInstruments, "query_instruments"),
        (.queryProfile, "query_profile"), (.reconcile, "reconcile"), (.consumesPrices, "consumes_prices"),
    ]

    /// The words of the bits that are set; bits that this host does not know are left out.
    package var names: [String] { Self.named.filter { contains($0.capability) }.map(\.name) }
}

/// What the broker offers to find an order again (`capabilities[1]`, ABI.md rule 30).
package struct BrokerOffers: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// One connection only: an upgrade closes before it opens.
    package static let exclusiveLogin = Self(rawValue: 0x1)
    package static let dedupesClientReference = Self(rawValue: 0x2)
    package static let looksUpByClientReference = Self(rawValue: 0x4)
    package static let echoesTag = Self(rawValue: 0x8)
    package static let streamsReports = Self(rawValue: 0x10)
    package static let cancelsOnDisconnect = Self(rawValue: 0x20)

    package static let named: [(offer: BrokerOffers, name: String)] = [
        (.exclusiveLogin, "exclusive_login"), (.dedupesClientReference, "dedupes_client_reference"),
        (.looksUpByClientReference, "lookup_by_client_reference"), (.echoesTag, "echoes_tag"),
        (.streamsReports, "streams_reports"), (.cancelsOnDisconnect, "cancels_on_disconnect"),
    ]
    package var names: [String] { Self.named.filter { contains($0.offer) }.map(\.name) }
}

/// An adapter's descriptor, copied and checked.
package struct AdapterDescription: Hashable, Sendable {
    package var id: String
    package var name: String
    package var vendor: String?
    package var version: String
    package var licence: String?
    package var homepage: String?
    package var language: String?
    package var sdkVersion: String?
    package var capabilities: AdapterCapabilities
    package var offers: BrokerOffers
    /// How long until an accepted order is sure to be found by a look-up.
    package var visibilityDelayNanoseconds: Int64
    /// JSON Schema of an account's config.
    package var configSchema: String?
    package var capabilityDocument: String?
    /// JSON Schema of an order's options; `nil` = it takes none.
    package var orderOptionsSchema: String?
    /// As the manifest has tightened them.
    package var rateBuckets: [RateRule]
    /// Orders a batch, 0 = no batches.
    package var maximumBatch: Int
    /// Bytes of a client reference that the broker carries, 0 = not said.
    package var clientReferenceMaximum: Int
    /// Commands without completion that a session may hold, 0 = the host's default.
    package var maximumInFlight: Int
}
