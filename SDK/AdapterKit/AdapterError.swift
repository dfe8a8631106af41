/// Why something did not succeed. The broker's own words travel verbatim beside our one-word code.
public struct AdapterError: Error, Hashable, Sendable {
    /// What went wrong, in one word.
    public enum Code: UInt32, Sendable {
        case invalid = 1
        case unsupported, clock, authenticationExpired, authenticationRejected, forbidden, rateLimited, funds
        case brokerRisk, priceBand, quantityRule, marketClosed, halted, instrument
        /// The client reference was seen before. The default verdict is unknown, since the first copy may be live.
        case duplicate
        case notFound, alreadyFinal, network, timeout, truncated, brokerUnavailable, protocolViolation, `internal`
        case other = 255
    }

    /// What the adapter claims about a mutation. The host has the last word.
    public enum Certainty: UInt32, Sendable {
        case notSent = 1
        case rejected, accepted, unknown
    }

    /// Advice only: the host never repeats a plain mutation blindly.
    public enum Retry: Hashable, Sendable {
        case never, now
        case after(nanoseconds: Int64)
        case afterLogin, afterReconcile
    }

    public var code: Code
    /// `nil`: the default verdict of the code.
    public var certainty: Certainty?
    public var retry: Retry?
    /// The broker's code, verbatim.
    public var brokerCode: String?
    /// The broker's sentence, verbatim.
    public var brokerText: String?
    /// The adapter's own sentence.
    public var text: String?
    /// The offending field of the command, by its name in `adapter.h`: `price`.
    public var field: String?
    public var httpStatus: Int?

    /// An error by its code and whatever else is known.
    public init(
        _ code: Code, _ text: String? = nil, field: String? = nil, certainty: Certainty? = nil, retry: Retry? = nil,
        brokerCode: String? = nil, brokerText: String? = nil, httpStatus: Int? = nil
    ) {
        self.code = code
        self.text = text
        self.field = field
        self.certainty = certainty
        self.retry = retry
        self.brokerCode = brokerCode
        self.brokerText = brokerText
        self.httpStatus = httpStatus
    }
}

extension AdapterError.Code {
    /// What an error of this code proves about a mutation, where nobody claims otherwise.
    public var defaultCertainty: AdapterError.Certainty {
        switch self {
        case .network: .notSent
        case .duplicate, .timeout, .truncated, .brokerUnavailable, .protocolViolation, .internal, .other: .unknown
        case .invalid, .unsupported, .clock, .authenticationExpired, .authenticationRejected, .forbidden,
            .rateLimited, .funds, .brokerRisk, .priceBand, .quantityRule, .marketClosed, .halted, .instrument,
            .notFound, .alreadyFinal:
            .rejected
        }
    }
}

/// Why a session could not be made at all (thrown by `BrokerAdapter.init`).
public struct AdapterFailure: Error, Hashable, Sendable {
    /// What a person should know: which setting, which value, what would be right.
    public var text: String

    /// A failure by its sentence.
    public init(_ text: String) {
        self.text = text
    }
}
