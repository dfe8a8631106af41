import Adapters
import Domain
import Engine
import Exact
import Instruments

extension Gateway {
    /// Holds what an order says to single adapters (`broker_options`) against what each of them declares. It is a fact about
    /// the request, so nothing is admitted where it is wrong; an adapter never sees options that its schema refuses.
    ///
    /// An adapter whose manifest is here and whose library is not loaded has no schema: its accounts are not ready, and
    /// their legs are refused by that.
    func checkOptions(of order: ParentOrder) throws(GatewayError) {
        guard !order.brokerOptions.isEmpty, let adapters = state.withLockedValue({ $0.adapters }) else { return }
        for (name, options) in order.brokerOptions.sorted(by: { $0.key < $1.key }) {
            let path = "/broker_options/\(name)"
            let id = AdapterID(name)
            guard let adapter = id.flatMap({ adapters.adapter($0) }) else {
                if let id, adapters.status(id) != nil { continue }
                let known = adapters.statuses.compactMap(\.description?.id).sorted()
                throw .refused(
                    ParentRefusal(
                        code: "unknown_adapter", path: path, value: name, message: "there is no adapter of this name",
                        remedy: known.isEmpty
                            ? "no adapter is loaded: leave it out" : "expected one of \(known.joined(separator: ", "))")
                )
            }
            try checkOptions(options, of: adapter)
            try checkSlicing(order, adapter, options, path)
        }
    }

    /// The same of the options for one adapter: a modify has none but those of its order's.
    func checkOptions(_ options: String, of adapter: LoadedAdapter) throws(GatewayError) {
        guard let finding = adapter.findings(ofOrderOptions: options).first else { return }
        throw .refused(
            ParentRefusal(
                code: "invalid_broker_options", path: "/broker_options/\(adapter.description.id)\(finding.path)",
                value: finding.value.map { String($0.serializedText().prefix(200)) } ?? "", message: finding.message,
                remedy: finding.remedy))
    }

    /// An order is cut once: where the instrument's freeze quantity is known the gateway does it, and a broker that was
    /// asked to would cut the slices again. An iceberg the gateway leaves whole.
    private func checkSlicing(
        _ order: ParentOrder, _ adapter: LoadedAdapter, _ options: String, _ path: String
    ) throws(GatewayError) {
        let snapshot = market.instruments.snapshot
        // At a venue of its own, what the adapter lists.
        let symbols =
            order.symbol.isOfAnyVenue
            ? snapshot.listings(of: adapter.description.id, like: order.symbol) : [order.symbol]
        let frozen = symbols.lazy.compactMap { symbol -> (symbol: InstrumentID, quantity: ExactDecimal)? in
            guard let freeze = snapshot.index(of: symbol).flatMap({ snapshot.record($0) })?.freezeQuantity,
                !freeze.isZero
            else { return nil }
            return (symbol, freeze)
        }.first
        guard order.orderClass != .iceberg, let frozen, let members = (try? JSONValue.parse(options))?.object,
            members.keys.contains(where: { members[$0]?.bool == true }),
            let option = CapabilityDocument.slicingOption(adapter.description.capabilityDocument),
            members[option]?.bool == true
        else { return }
        throw .refused(
            ParentRefusal(
                code: "sliced_twice", path: "\(path)/\(option)", value: "true",
                message:
                    "the freeze quantity of \(frozen.symbol), \(frozen.quantity), is known: the gateway slices the order",
                remedy: "leave \(option) out, or the instrument's freeze_quantity out of the overlay"))
    }
}
