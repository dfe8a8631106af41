import AdapterKit
import Exact

/// What an answer means for the command it answers: FACTS.md §5, the table of a Place request, which holds for Modify
/// and Cancel too.
///
/// The caution is the broker's own: an order call that ends in a server error, or in the 400 that says "timed out, check
/// the order book", may have placed the order. Only what the broker says it refused was refused. Nobody has written down
/// every spelling of that 400, so it is read widely: an order called unknown is looked up, one wrongly called rejected is
/// live and forgotten.
enum Failure {
    /// The error of an answer that is no success. Its `certainty` is set for every answer.
    ///
    /// - Parameters:
    ///   - status: The HTTP status.
    ///   - body: The body as JSON; `nil` where it is none.
    static func read(status: Int, body: JSONValue?) -> AdapterError {
        let kind = body?["error_type"]?.string
        let message = body?["message"]?.string
        let (code, certainty, retry) = verdict(status: status, kind: kind, message: message)
        let words =
            body == nil
            ? "HTTP \(status) without an answer in JSON"
            : status == 428 ? "the depository has to let the shares be sold first: authorise_holdings" : nil
        return AdapterError(
            code, words, certainty: certainty, retry: retry,
            brokerCode: kind, brokerText: message, httpStatus: status)
    }

    /// The error of one part of an order that the broker cut: it has the status that an answer of its own would have.
    static func part(_ error: JSONValue) -> AdapterError {
        read(status: error["code"]?.int64.flatMap(Int.init(exactly:)) ?? 400, body: error)
    }

    /// An answer that calls itself a success and is none that can be read.
    static func unreadable(status: Int, _ what: String) -> AdapterError {
        AdapterError(
            .protocolViolation, what, certainty: .unknown, retry: .afterReconcile, httpStatus: status)
    }

    private static func verdict(
        status: Int, kind: String?, message: String?
    ) -> (AdapterError.Code, AdapterError.Certainty, AdapterError.Retry) {
        switch status {
        case 429: return (.rateLimited, .rejected, .after(nanoseconds: 1_000_000_000))
        // Whatever its message: FACTS.md §5 has no exception to these. "Timed out" here is the session.
        case 403:
            switch kind {
            case "TokenException", "TwoFAException": return (.authenticationExpired, .rejected, .afterLogin)
            default: return (.forbidden, .rejected, .never)
            }
        case 401: return (.authenticationExpired, .rejected, .afterLogin)
        case 428: return (.forbidden, .rejected, .never)
        case 404, 405, 410: return (.invalid, .rejected, .never)
        case 408: return (.timeout, .unknown, .afterReconcile)
        // Of a status other than 400 nobody has written down what it proves: the exception says it, or nothing does.
        case 400..<500:
            return isOpen(message, kind) ? (.timeout, .unknown, .afterReconcile) : refused(kind: kind, message: message)
        case 500...: return (.brokerUnavailable, .unknown, .afterReconcile)
        default: return (.protocolViolation, .unknown, .afterReconcile)
        }
    }

    /// A 400: the type of the exception says what was wrong. A type that means the order system was out of reach is
    /// unknown here too, whatever the status, and so is one that the broker's documentation does not have.
    private static func refused(
        kind: String?, message: String?
    ) -> (AdapterError.Code, AdapterError.Certainty, AdapterError.Retry) {
        switch kind {
        case "InputException":
            return (isAboutQuantity(message) ? .quantityRule : .invalid, .rejected, .never)
        case "MarginException": return (.funds, .rejected, .never)
        case "HoldingException", "OrderException": return (.brokerRisk, .rejected, .never)
        case "UserException", "PermissionException": return (.forbidden, .rejected, .never)
        case "TokenException", "TwoFAException": return (.authenticationExpired, .rejected, .afterLogin)
        case "NetworkException", "DataException", "GeneralException":
            return (.brokerUnavailable, .unknown, .afterReconcile)
        case nil: return (.protocolViolation, .unknown, .afterReconcile)
        default: return (.other, .unknown, .afterReconcile)
        }
    }

    /// Whether the broker says that it does not know itself: something ran out of time, or whoever asked is to look at the
    /// orders before placing another. Compared without spaces, hyphens and case, which nobody has promised.
    ///
    /// An exception about money, holdings or a parameter names its reason, and "add funds before placing again" is none of
    /// these: there only the words that the broker is known to use count.
    private static func isOpen(_ message: String?, _ kind: String?) -> Bool {
        guard let message else { return false }
        let letters = String(decoding: message.lowercased().utf8.filter { (97...122).contains($0) }, as: UTF8.self)
        let words =
            switch kind {
            case "MarginException", "HoldingException", "InputException": knownOpenWords
            default: knownOpenWords + likelyOpenWords
            }
        return words.contains { letters.contains($0) }
    }

    private static let knownOpenWords = ["timedout", "timeout", "orderbook"]
    private static let likelyOpenWords = [
        "timesout", "timingout", "tookso", "tooktoo", "orderstatus", "checkyourorder", "checktheorder", "checkorder",
        "beforeplacing", "beforeretry", "beforetrying", "placingagain", "placeagain", "noresponse", "notrespond",
        "noreply", "notconfirm", "unconfirmed", "couldnotbeconfirmed", "unabletoconfirm", "mayhavebeen",
        "mighthavebeen",
    ]

    private static func isAboutQuantity(_ message: String?) -> Bool {
        message?.lowercased().contains("quantity") ?? false
    }
}
