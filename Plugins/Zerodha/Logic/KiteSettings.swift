import AdapterKit
import Exact

/// What an operator sets for an account (`config` of the account).
///
/// What the broker's documentation leaves open is a setting here, with the cautious reading as the rule.
struct KiteSettings: Equatable {
    /// Goes with a market order that states none: `-1`, the broker chooses, or a percentage.
    var marketProtection = "-1"
    /// Where a person logs in.
    var loginURL = "https://kite.zerodha.com/connect/login"
    /// Whether the account has the price and order stream; the free plan has none (FACTS.md §11).
    var streams = true
    /// How often the books are read while orders work and nothing streams.
    var pollNanoseconds: Int64 = 3_000_000_000
    /// Whether `quantity` of a holding contains the shares that are not settled yet (UNVERIFIED, FACTS.md §8).
    var quantityContainsUnsettled = false

    /// JSON Schema of the config.
    static let schema = #"""
        {"type":"object","additionalProperties":false,"properties":{
        "market_protection":{"type":["string","number"],"description":"percent of the price a market order may move: over 0 and at most 100, or -1: the broker chooses"},
        "login_url":{"type":"string","pattern":"^https?://","description":"where a person logs in"},
        "stream":{"type":"boolean","description":"the account has the price and order stream"},
        "poll_seconds":{"type":"integer","minimum":1,"maximum":300,"description":"how often the books are read while orders work and nothing streams"},
        "holdings_contain_unsettled":{"type":"boolean","description":"quantity of a holding contains shares bought yesterday"}}}
        """#

    init() {}

    /// Reads a config that the host has validated.
    init(_ config: JSONValue) throws(AdapterFailure) {
        guard let object = config.object else { throw AdapterFailure("config is no object") }
        for (key, value) in object {
            switch key {
            case "market_protection":
                do {
                    marketProtection = try OrderOptions.protection(value)
                    // What holds for every order must be something that the broker takes.
                    if marketProtection == "0" { throw AdapterError.invalid("0 is none", field: key) }
                } catch {
                    throw AdapterFailure("config.market_protection must be -1, or above 0 and at most 100")
                }
            case "login_url":
                guard let text = value.string, text.hasPrefix("https://") || text.hasPrefix("http://") else {
                    throw AdapterFailure("config.login_url must begin with https:// or http://")
                }
                loginURL = text
            case "stream":
                guard let flag = value.bool else { throw AdapterFailure("config.stream must be true or false") }
                streams = flag
            case "poll_seconds":
                guard let seconds = value.int64, (1...300).contains(seconds) else {
                    throw AdapterFailure("config.poll_seconds must be 1 to 300")
                }
                pollNanoseconds = seconds * 1_000_000_000
            case "holdings_contain_unsettled":
                guard let flag = value.bool else {
                    throw AdapterFailure("config.holdings_contain_unsettled must be true or false")
                }
                quantityContainsUnsettled = flag
            default: throw AdapterFailure("config.\(key) is none of the settings")
            }
        }
    }
}
