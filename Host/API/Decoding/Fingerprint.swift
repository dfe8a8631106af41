import Domain
import Store

/// What an idempotency key stands for: a digest of the route and of the decoded body (RELIABILITY.md §1).
///
/// Taken from the decoded value, so that `500`, `"500"` and `"500.0"`, any order of members, and a `null` or its absence
/// are one request. How long the caller waits is no part of it.
enum Fingerprint {
    static func of(_ route: String, _ order: ParentOrder) throws(Problem) -> [UInt8] {
        var text = Lines(route)
        switch order.target {
        case .group(let id): text.add("group", id.rawValue)
        case .account(let id): text.add("account", id.rawValue)
        }
        text.add("symbol", order.symbol.text)
        text.add("side", order.side?.rawName)
        text.add("quantity", order.quantity)
        text.add("lots", order.lots)
        text.add("percent", order.percent)
        text.add("stop_distance", order.stopDistance)
        text.add("multiplier", order.multiplier)
        text.add("order_type", order.orderType.rawName)
        text.add("price", order.limitPrice)
        text.add("trigger_price", order.stopPrice)
        text.add("trail", order.trail)
        text.add("product", order.product.rawName)
        text.add("time_in_force", order.timeInForce.rawName)
        text.add("valid_until", order.validUntil?.nanoseconds)
        text.add("order_class", order.orderClass.rawName)
        text.add("post_only", order.isPostOnly ? "true" : nil)
        text.add("reduce_only", order.isReduceOnly ? "true" : nil)
        text.add("after_market", order.isAfterMarket ? "true" : nil)
        text.add("disclosed_quantity", order.disclosedQuantity)
        text.add("mode", order.mode?.rawName)
        text.add("min_legs", order.minimumLegs.map(Int64.init))
        text.add("min_quantity_bps", order.minimumQuantityBasisPoints.map(Int64.init))
        text.add("redistribute", order.redistributes.map { $0 ? "true" : "false" })
        text.add("allow_partial_allocation", order.allowsPartialAllocation ? "true" : nil)
        text.add("on_leg_failure", order.onLegFailure?.rawName)
        text.add("deadline_ms", order.deadlineMilliseconds)
        text.add("attached_stop", order.attachedStop)
        text.add("strategy", order.strategy)
        text.add("tag", order.tag)
        for (adapter, options) in order.brokerOptions.sorted(by: { $0.key < $1.key }) {
            text.add("broker_options/\(adapter)", options)
        }
        return try text.digest()
    }

    /// Of a request that has nothing but its route.
    static func of(_ route: String) throws(Problem) -> [UInt8] { try Lines(route).digest() }

    /// Of a change of an order: what is asked, by name.
    static func of(_ route: String, _ changes: OrderChanges) throws(Problem) -> [UInt8] {
        var text = Lines(route)
        for field in OrderChanges.Field.allCases { text.add(field.requestName, changes.text(field)) }
        return try text.digest()
    }

    /// Lines of `name=value`. No value holds a line break but the options, which come last and are JSON.
    private struct Lines {
        private var bytes: [UInt8] = []

        init(_ route: String) {
            bytes.reserveCapacity(512)
            bytes.append(contentsOf: route.utf8)
            bytes.append(UInt8(ascii: "\n"))
        }

        mutating func add(_ name: String, _ value: String?) {
            guard let value else { return }
            begin(name)
            bytes.append(contentsOf: value.utf8)
            bytes.append(UInt8(ascii: "\n"))
        }

        mutating func add(_ name: String, _ value: ExactDecimal?) {
            guard let value else { return }
            begin(name)
            value.write(to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }

        mutating func add(_ name: String, _ value: Int64?) { add(name, value.map { ExactDecimal($0) }) }

        private mutating func begin(_ name: String) {
            bytes.append(contentsOf: name.utf8)
            bytes.append(UInt8(ascii: "="))
        }

        func digest() throws(Problem) -> [UInt8] {
            guard let digest = SHA256.digest(bytes) else {
                throw Problem(.internalServerError, "internal", "the request could not be hashed")
            }
            return digest
        }
    }
}
