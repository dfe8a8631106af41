/// What a modify asks to change of a live order; `nil` leaves a field as it is.
///
/// One value from the request to the adapter's call. Quantities in units, prices in the instrument's currency.
package struct OrderChanges: Hashable, Sendable {
    /// FIX 38: the new total, the filled part included.
    package var quantity: ExactDecimal?
    package var limitPrice: ExactDecimal?
    package var stopPrice: ExactDecimal?
    package var orderType: OrderType?
    package var timeInForce: TimeInForce?
    /// FIX 1138, `DisplayQty`; zero: all of it shows.
    package var disclosedQuantity: ExactDecimal?
    /// A JSON object for the order's adapter, of this modify alone.
    package var options: String?

    package init(
        quantity: ExactDecimal? = nil, limitPrice: ExactDecimal? = nil, stopPrice: ExactDecimal? = nil,
        orderType: OrderType? = nil, timeInForce: TimeInForce? = nil, disclosedQuantity: ExactDecimal? = nil,
        options: String? = nil
    ) {
        (self.quantity, self.limitPrice, self.stopPrice) = (quantity, limitPrice, stopPrice)
        (self.orderType, self.timeInForce) = (orderType, timeInForce)
        (self.disclosedQuantity, self.options) = (disclosedQuantity, options)
    }

    /// The fields of an order that a modify may name.
    package enum Field: UInt8, Hashable, Sendable, CaseIterable {
        case quantity, price, triggerPrice, orderType, timeInForce, disclosedQuantity, options

        /// Its word in a capability document's `modifiable`.
        package var rawName: String {
            switch self {
            case .quantity: "quantity"
            case .price: "price"
            case .triggerPrice: "trigger_price"
            case .orderType: "order_type"
            case .timeInForce: "time_in_force"
            case .disclosedQuantity: "disclosed_quantity"
            case .options: "options"
            }
        }

        /// Its name in a request.
        package var requestName: String { self == .options ? "broker_options" : rawName }
    }

    /// A field's value as a request writes it; `nil` where it is left as it is.
    package func text(_ field: Field) -> String? {
        switch field {
        case .quantity: quantity?.description
        case .price: limitPrice?.description
        case .triggerPrice: stopPrice?.description
        case .orderType: orderType?.rawName
        case .timeInForce: timeInForce?.rawName
        case .disclosedQuantity: disclosedQuantity?.description
        case .options: options
        }
    }

    package var isEmpty: Bool { Field.allCases.allSatisfy { text($0) == nil } }
}
