import AdapterKit
import Exact

/// One call of the broker's API, before anything is signed: what to do, where, and with which parameters (FACTS.md §1).
///
/// Parameters of GET and DELETE travel in the query, those of POST and PUT in a form; a few calls take a JSON array.
struct Call: Equatable {
    struct Parameter: Equatable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    enum Method: String {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    enum Body: Equatable {
        case none
        case form(FormBody)
        case json(String)

        /// A form of parameters whose names are known only when it is made.
        static func form(_ fields: [Parameter]) -> Body { .form(FormBody(fields)) }
    }

    /// Whose limit a call counts against (FACTS.md §7).
    enum Bucket: String, CaseIterable {
        case orders
        /// New orders alone: the day's number of these is bounded, cancels are not counted with them.
        case placements
        case quotes
        case candles
        case others
    }

    let method: Method
    /// Percent-encoded already.
    let path: String
    var query: [Parameter] = []
    var body = Body.none
    let bucket: Bucket
    /// Whether the call leaves everything at the broker as it is, so that it may be repeated.
    let changesNothing: Bool

    init(
        _ method: Method, _ path: String, query: [Parameter] = [], body: Body = .none, bucket: Bucket = .others,
        changesNothing: Bool
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.bucket = bucket
        self.changesNothing = changesNothing
    }

    /// A read.
    static func get(_ path: String, query: [Parameter] = [], bucket: Bucket = .others) -> Call {
        Call(.get, path, query: query, bucket: bucket, changesNothing: true)
    }

    /// Path and query as sent.
    var target: String { query.isEmpty ? path : "\(path)?\(Self.encoded(query))" }

    /// The type of the body; `nil` without one.
    var contentType: String? {
        switch body {
        case .none: nil
        case .form: "application/x-www-form-urlencoded"
        case .json: "application/json"
        }
    }

    /// The body as sent.
    var bodyText: String {
        switch body {
        case .none: ""
        case .form(let fields): fields.text
        case .json(let text): text
        }
    }

    /// Names and values as `application/x-www-form-urlencoded` writes them.
    static func encoded(_ parameters: [Parameter]) -> String { FormBody(parameters).text }
}

extension FormBody {
    fileprivate init(_ parameters: [Call.Parameter]) {
        self.init()
        for parameter in parameters { add(name: parameter.name, value: parameter.value) }
    }
}

// MARK: - The calls an order makes

extension Call {
    /// `POST /orders/{variety}`.
    static func place(_ form: OrderForm) -> Call {
        Call(
            .post, form.variety.path, body: .form(form.fields), bucket: .orders,
            changesNothing: false)
    }

    /// `PUT /orders/{variety}/{order_id}`.
    static func modify(_ order: KnownOrder, _ form: OrderForm) -> Call {
        Call(
            .put, "\(form.variety.path)/\(order.orderID.percentEncoded)", body: .form(form.fields),
            bucket: .orders, changesNothing: false)
    }

    /// `DELETE /orders/{variety}/{order_id}`; the second leg of a cover order names its first.
    static func cancel(_ order: KnownOrder) -> Call {
        Call(
            .delete, "\(order.variety.path)/\(order.orderID.percentEncoded)",
            query: order.parentOrderID.map { [Parameter("parent_order_id", $0)] } ?? [], bucket: .orders,
            changesNothing: false)
    }

    static let orders = Call.get("/orders")
    static let trades = Call.get("/trades")
    static let funds = Call.get("/user/margins")
    static let positions = Call.get("/portfolio/positions")
    static let holdings = Call.get("/portfolio/holdings")
    static let profile = Call.get("/user/profile")

    static func history(orderID: String) -> Call { .get("/orders/\(orderID.percentEncoded)") }
    static func trades(orderID: String) -> Call { .get("/orders/\(orderID.percentEncoded)/trades") }

    /// The day's list, of one exchange or of all.
    static func instruments(_ exchange: Exchange? = nil) -> Call {
        .get(exchange.map { "/instruments/\($0.rawValue)" } ?? "/instruments")
    }

    /// How much a quote tells.
    enum QuoteDetail: String {
        case whole = "/quote"
        case prices = "/quote/ohlc"
        case last = "/quote/ltp"

        /// Instruments a call may name (FACTS.md §7).
        var most: Int { self == .whole ? 500 : 1_000 }
    }

    static func quotes(_ symbols: [Symbol], _ detail: QuoteDetail) -> Call {
        .get(detail.rawValue, query: symbols.map { Parameter("i", $0.alias) }, bucket: .quotes)
    }
}
