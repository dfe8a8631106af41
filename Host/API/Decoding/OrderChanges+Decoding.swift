import Domain

extension OrderDecoding {
    /// What changes of a live order. What depends on the order as it stands is the engine's to judge.
    ///
    /// - Parameter adapter: the order's, the one that options can be for.
    static func changes(_ object: JSONObject, adapter: AdapterID) throws(Problem) -> OrderChanges {
        var reader = ObjectReader(object)
        var changes = OrderChanges(
            quantity: reader.decimal("quantity", .positive), limitPrice: reader.decimal("price"),
            stopPrice: reader.decimal("trigger_price"), orderType: reader.word("order_type", Words.orderType),
            timeInForce: reader.word("time_in_force", Words.timeInForce),
            disclosedQuantity: reader.decimal("disclosed_quantity", .notNegative))
        let options = brokerOptions(&reader)
        for other in options.keys.sorted() where other != adapter.rawValue {
            reader.refuse(
                "broker_options", .string(other), "the order is not at this adapter",
                remedy: "give options of \(adapter), where the order is, or none")
        }
        changes.options = options[adapter.rawValue]
        reader.finish(Schema.orderChange)
        if reader.entries.isEmpty, changes.isEmpty {
            reader.refuse(
                "quantity", nil, "nothing is to be changed",
                remedy: "give at least one of \(Schema.orderChange.names.joined(separator: ", "))")
        }
        guard reader.entries.isEmpty else { throw .invalid(reader.entries) }
        return changes
    }
}
