import Domain
import Engine
import Exact

/// An order's terms for people and for the stream of events: quantity and prices, and of its words those that are told.
extension Order.Terms {
    func facts(_ instrument: Instrument) -> JSONObject {
        var facts: JSONObject = ["quantity": .string(instrument.quantity(quantity).description)]
        if limitPrice != 0 { facts["price"] = .string(instrument.price(limitPrice).description) }
        if stopPrice != 0 { facts["trigger_price"] = .string(instrument.price(stopPrice).description) }
        if let orderType = words.orderType { facts["order_type"] = .string(orderType.rawName) }
        if let timeInForce = words.timeInForce { facts["time_in_force"] = .string(timeInForce.rawName) }
        if let shown = words.disclosedQuantity { facts["disclosed_quantity"] = .string(shown.description) }
        return facts
    }

    /// `75 at 101.5, triggered at 101, STOP_LIMIT, IOC, showing 25`
    func text(_ instrument: Instrument) -> String {
        var text = instrument.quantity(quantity).description
        if limitPrice != 0 { text += " at \(instrument.price(limitPrice))" }
        if stopPrice != 0 { text += ", triggered at \(instrument.price(stopPrice))" }
        if let orderType = words.orderType { text += ", \(orderType.rawName)" }
        if let timeInForce = words.timeInForce { text += ", \(timeInForce.rawName)" }
        if let shown = words.disclosedQuantity { text += shown.isZero ? ", showing all" : ", showing \(shown)" }
        return text
    }
}
