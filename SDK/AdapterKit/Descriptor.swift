import CSluice

/// What an adapter is able to do. The host never makes a call whose capability is not declared.
public struct Capabilities: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let submit = Capabilities(rawValue: SLUICE_CAN_SUBMIT)
    public static let submitBatch = Capabilities(rawValue: SLUICE_CAN_SUBMIT_BATCH)
    public static let modify = Capabilities(rawValue: SLUICE_CAN_MODIFY)
    public static let cancel = Capabilities(rawValue: SLUICE_CAN_CANCEL)
    public static let cancelAll = Capabilities(rawValue: SLUICE_CAN_CANCEL_ALL)
    public static let preview = Capabilities(rawValue: SLUICE_CAN_PREVIEW)
    /// Queries of kind `.order` and `.orders`.
    public static let queryOrders = Capabilities(rawValue: SLUICE_CAN_QUERY_ORDERS)
    public static let queryTrades = Capabilities(rawValue: SLUICE_CAN_QUERY_TRADES)
    public static let queryPositions = Capabilities(rawValue: SLUICE_CAN_QUERY_POSITIONS)
    public static let queryHoldings = Capabilities(rawValue: SLUICE_CAN_QUERY_HOLDINGS)
    public static let queryFunds = Capabilities(rawValue: SLUICE_CAN_QUERY_FUNDS)
    public static let queryMargins = Capabilities(rawValue: SLUICE_CAN_QUERY_MARGINS)
    public static let queryInstruments = Capabilities(rawValue: SLUICE_CAN_QUERY_INSTRUMENTS)
    public static let queryProfile = Capabilities(rawValue: SLUICE_CAN_QUERY_PROFILE)
    public static let reconcile = Capabilities(rawValue: SLUICE_CAN_RECONCILE)
    /// Takes `onQuote` and `onCandle` for what it watches.
    public static let consumesPrices = Capabilities(rawValue: SLUICE_CONSUMES_PRICES)
    public static let queryOrderHistory = Capabilities(rawValue: SLUICE_CAN_QUERY_ORDER_HISTORY)
    public static let queryQuotes = Capabilities(rawValue: SLUICE_CAN_QUERY_QUOTES)
    public static let queryCandles = Capabilities(rawValue: SLUICE_CAN_QUERY_CANDLES)
}

/// What the broker offers to find an order again.
public struct RecoveryFeatures: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The broker allows one connection a login.
    public static let exclusiveLogin = RecoveryFeatures(rawValue: SLUICE_EXCLUSIVE_LOGIN)
    public static let dedupesClientReference = RecoveryFeatures(rawValue: SLUICE_DEDUPES_CLIENT_REFERENCE)
    public static let lookupByClientReference = RecoveryFeatures(rawValue: SLUICE_LOOKUP_BY_CLIENT_REFERENCE)
    public static let echoesTag = RecoveryFeatures(rawValue: SLUICE_ECHOES_TAG)
    public static let streamsReports = RecoveryFeatures(rawValue: SLUICE_STREAMS_REPORTS)
    public static let cancelsOnDisconnect = RecoveryFeatures(rawValue: SLUICE_CANCELS_ON_DISCONNECT)
}

/// How many requests a broker takes.
public struct RateBucket: Hashable, Sendable {
    /// At most `units` in any `nanoseconds`.
    public struct Window: Hashable, Sendable {
        public var units: UInt32
        public var nanoseconds: Int64
        /// Of a daily window: the time of day at which it ends.
        public var resetsAfterMidnightNanoseconds: Int64
        /// The IANA name of that day's zone; `nil`: no such time, the window slides.
        public var zone: String?

        /// A window of a rate.
        public init(units: UInt32, perNanoseconds nanoseconds: Int64) {
            self.units = units
            self.nanoseconds = nanoseconds
            resetsAfterMidnightNanoseconds = 0
            zone = nil
        }

        /// A window of a day that ends at a time of day in a zone.
        public init(unitsPerDay units: UInt32, resetsAfterMidnightNanoseconds: Int64, zone: String) {
            self.units = units
            nanoseconds = 86_400_000_000_000
            self.resetsAfterMidnightNanoseconds = resetsAfterMidnightNanoseconds
            self.zone = zone
        }
    }

    /// What becomes of a send that is over a window.
    public enum Mode: UInt32, Sendable {
        /// It waits.
        case queue = 0
        /// It is not sent.
        case refuse
    }

    /// `orders` is the bucket that each submit, modify and cancel costs one unit of.
    public var id: String
    /// `account` or `login`.
    public var scopeKey: String
    public var windows: [Window]
    public var mode: Mode

    /// A bucket by its id, what it is counted by, and its windows.
    public init(id: String, scopeKey: String, windows: [Window], mode: Mode = .queue) {
        self.mode = mode
        self.id = id
        self.scopeKey = scopeKey
        self.windows = windows
    }
}

/// Who an adapter is and what it can do. Read once, when the library is loaded.
public struct Descriptor: Sendable {
    /// [a-z0-9-]{1,32}; equals the manifest's id and the note's.
    public var id: String
    public var name: String
    public var version: String
    public var vendor: String
    public var licence: String
    public var homepage: String
    public var capabilities: Capabilities
    public var recovery: RecoveryFeatures
    /// How long until an accepted order is sure to be found by a look-up.
    public var visibilityDelayNanoseconds: Int64
    /// JSON Schema of an account's config.
    public var configSchema: String
    /// JSON: order types × products × exchanges × validities × order classes that hold together.
    public var capabilityDocument: String
    /// JSON Schema of `Order.options`; `nil`: no options are taken.
    public var orderOptionsSchema: String?
    public var rateBuckets: [RateBucket]
    /// Orders a batch, 0: no batches.
    public var maxBatch: UInt32
    /// Bytes of a client reference that the broker carries.
    public var clientReferenceMax: UInt32
    /// Commands without completion a session may hold, 0: the host's default.
    public var maxInFlight: UInt32

    /// A descriptor; what is left out is absent.
    public init(
        id: String, name: String, version: String, vendor: String = "", licence: String = "", homepage: String = "",
        capabilities: Capabilities, recovery: RecoveryFeatures = [], visibilityDelayNanoseconds: Int64 = 0,
        configSchema: String = #"{"type":"object","additionalProperties":false}"#, capabilityDocument: String = "{}",
        orderOptionsSchema: String? = nil, rateBuckets: [RateBucket] = [], maxBatch: UInt32 = 0,
        clientReferenceMax: UInt32 = 18, maxInFlight: UInt32 = 0
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.vendor = vendor
        self.licence = licence
        self.homepage = homepage
        self.capabilities = capabilities
        self.recovery = recovery
        self.visibilityDelayNanoseconds = visibilityDelayNanoseconds
        self.configSchema = configSchema
        self.capabilityDocument = capabilityDocument
        self.orderOptionsSchema = orderOptionsSchema
        self.rateBuckets = rateBuckets
        self.maxBatch = maxBatch
        self.clientReferenceMax = clientReferenceMax
        self.maxInFlight = maxInFlight
    }

    /// What makes the descriptor unusable, or `nil`.
    var fault: StaticString? {
        let word = id.utf8
        let isWord = word.allSatisfy { byte in
            byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        }
        if word.isEmpty || word.count > 32 || !isWord { return "descriptor: id must be [a-z0-9-]{1,32}" }
        if version.isEmpty { return "descriptor: version is empty" }
        if capabilities.contains(.submitBatch) != (maxBatch > 0) {
            return "descriptor: submitBatch and maxBatch go together"
        }
        return nil
    }
}
