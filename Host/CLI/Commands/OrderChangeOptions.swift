import ArgumentParser
import Domain
import Exact

/// What changes of a live order. The gateway checks it and says of each field what would be right.
struct OrderChangeOptions: ParsableArguments {
    @Option(help: "The new total quantity, the filled part included.")
    var quantity: String?

    @Option(help: "The new limit.")
    var price: String?

    @Option(help: "The new trigger.")
    var triggerPrice: String?

    @Option(help: "How it is priced from now on.")
    var type: WordArgument<OrderType>?

    @Option(help: "How long it stays.")
    var timeInForce: WordArgument<TimeInForce>?

    @Option(help: "How much of it shows in the book; 0 for all.")
    var disclosedQuantity: String?

    @Option(
        help: ArgumentHelp(
            "Options of its broker for this change, a JSON object by adapter: '{\"paper\": {…}}'.", valueName: "json"))
    var brokerOptions: String?

    func validate() throws {
        let texts = [quantity, price, triggerPrice, disclosedQuantity, brokerOptions]
        guard texts.contains(where: { $0 != nil }) || type != nil || timeInForce != nil else {
            throw ValidationError(
                "nothing to change; give --quantity, --price, --trigger-price, --type, --time-in-force, "
                    + "--disclosed-quantity or --broker-options")
        }
    }

    /// The members of the body.
    func members() throws -> JSONObject {
        var members = JSONObject()
        for (name, text) in [
            ("quantity", quantity), ("price", price), ("trigger_price", triggerPrice),
            ("order_type", type?.word.rawName), ("time_in_force", timeInForce?.word.rawName),
            ("disclosed_quantity", disclosedQuantity),
        ] {
            if let text { members[name] = .string(text) }
        }
        if let brokerOptions {
            guard let options = try? JSONValue.parse(brokerOptions), options.object != nil else {
                throw CommandFailure.usage(
                    "--broker-options is no JSON object",
                    remedy: "write the adapter's id and its options, as '{\"paper\": {…}}'")
            }
            members["broker_options"] = options
        }
        return members
    }
}
