import AdapterKit
import Exact

extension ZerodhaAdapter {
    func submit(_ order: Order, _ command: Command) {
        let form: OrderForm
        let reference = order.clientReference
        do throws(AdapterError) {
            let options = try OrderOptions(order.options)
            form = try OrderForm.place(
                order, options: options, protection: settings.marketProtection, tag: reference)
            if options.autoslice, !reference.isAbsent {
                let total = try Symbol.of(order.instrument).brokerQuantity(
                    order.quantity, lotSize: order.instrument.lotSize)
                books.slices.willSend(reference, total: total, hiddenUntil: hiddenUntil)
            }
        } catch {
            command.notSent(error)
            return
        }
        let call = Call.place(form)
        var request = request(call, for: command)
        request.isUrgent = order.flags.contains(.closing)
        host.send(request, for: command) { [self] answer in
            switch read(answer, bucket: .orders) {
            case .success(let data): placed(data, form.variety, reference, answer.status, command)
            case .failure(let error):
                noteUnknown(error, answer, call)
                command.fail(error)
            }
        }
    }

    /// The answer to an order that the API took. An order that the broker cut has several parts, of which some may have
    /// failed: the whole is accepted as soon as one is live.
    private func placed(
        _ data: JSONValue, _ variety: Variety, _ reference: ClientReference, _ status: Int, _ command: Command
    ) {
        if let id = data["order_id"]?.identifier, data["children"] == nil {
            return placed([id], [], variety, reference, command)
        }
        let rows = data.array ?? ([data] + (data["children"]?.array ?? []))
        var ids: [String] = []
        for id in rows.compactMap({ $0["order_id"]?.identifier }) where !ids.contains(id) { ids.append(id) }
        let failures = rows.compactMap { row -> AdapterError? in
            if row["order_id"]?.identifier != nil { return nil }
            if let error = row["error"], !error.isNull { return Failure.part(error) }
            return Failure.unreadable(status: status, "a part of the answer holds neither order_id nor error")
        }
        guard !ids.isEmpty else {
            // Nothing is live where every part was refused for certain.
            command.fail(
                failures.first { $0.certainty != .rejected } ?? failures.first
                    ?? Failure.unreadable(status: status, "the answer to the order holds no order_id"))
            return
        }
        placed(ids, failures, variety, reference, command)
    }

    /// The order is live under these ids, the first of which names it.
    private func placed(
        _ ids: [String], _ failures: [AdapterError], _ variety: Variety, _ reference: ClientReference,
        _ command: Command
    ) {
        let isSeveral = ids.count + failures.count > 1
        let children =
            isSeveral
            ? ids.map { id in
                ChildOrder(
                    .slice, OrderIdentity(account: 0, brokerOrderID: id, clientReference: reference), quantity: .zero,
                    outcome: .accepted)
            }
                + failures.map { error in
                    ChildOrder(
                        .slice, OrderIdentity(account: 0, clientReference: reference), quantity: .zero,
                        outcome: error.certainty == .rejected ? .rejected : .unknown, error: error)
                } : []
        if !failures.isEmpty {
            host.log(
                .warning, "The broker took a part of the order's slices only",
                ["taken": String(ids.count), "refused": String(failures.count)])
        }
        let hiddenUntil = hiddenUntil
        for id in ids { books.accepted(id, reference, hiddenUntil: hiddenUntil) }
        books.slices.wasTaken(
            ids, reference, isSeveral: isSeveral, isOpen: failures.contains { $0.certainty != .rejected },
            hiddenUntil: hiddenUntil)
        command.accept(
            brokerOrderID: ids.first, adapterState: KnownOrder.state(variety, isSeveral: isSeveral),
            clientReference: reference.isAbsent ? nil : reference, children: children)
        ordersMayMove()
    }

    // MARK: Preview

    func preview(_ orders: OrderBasket, _ command: Command) {
        var basket: [MarginOrder] = []
        var references: [ClientReference] = []
        var failure: AdapterError?
        orders.each { order in
            do throws(AdapterError) { basket.append(try MarginOrder(order)) } catch { failure = failure ?? error }
            references.append(order.clientReference)
        }
        if let failure {
            command.notSent(failure)
            return
        }
        send(.basketCall(basket), for: command) { data in
            let rows = data["orders"]?.array ?? []
            guard let final = data["final"]?["total"]?.decimalOrText, rows.count == basket.count else {
                command.unknown(Failure.unreadable(status: 200, "the answer holds no margin of the basket"))
                return
            }
            var margins = zip(references, rows).map { reference, row in
                Margin(
                    account: 0, clientReference: reference.isAbsent ? nil : reference, currency: "INR",
                    required: row["total"]?.decimalOrText, charges: row["charges"]?["total"]?.decimalOrText)
            }
            margins.append(
                Margin(
                    account: 0, currency: "INR", required: final,
                    charges: data["charges"]?["total"]?.decimalOrText))
            command.send(margins: margins)
            command.ok()
        }
    }
}

extension Call {
    fileprivate static func basketCall(_ orders: [MarginOrder]) -> Call {
        MarginOrder.basketCall(orders, considerPositions: true, compact: false)
    }
}
