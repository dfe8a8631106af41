import AdapterKit
import Exact

extension ZerodhaAdapter {
    func submit(_ order: Order, _ command: Command) {
        let form: OrderForm
        do throws(AdapterError) {
            form = try OrderForm.place(
                order, options: try OrderOptions(order.options), protection: settings.marketProtection,
                tag: order.clientReference)
        } catch {
            command.notSent(error)
            return
        }
        let reference = order.clientReference
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
        let ids = rows.compactMap { $0["order_id"]?.identifier }
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
        for id in ids { books.remember(id, reference) }
        command.accept(
            brokerOrderID: ids.first, adapterState: KnownOrder.state(variety, isSeveral: isSeveral),
            clientReference: reference.isAbsent ? nil : reference, children: children)
        ordersMayMove()
    }

    func modify(_ reference: OrderReference, _ changes: Changes, _ command: Command) {
        let order: KnownOrder
        let form: OrderForm
        do throws(AdapterError) {
            let options = try OrderOptions(changes.options)
            order = try KnownOrder(reference, options: options)
            if order.isSeveral {
                throw .unsupported(
                    "the broker cut this order into several: cancel it and place anew", field: "order_ref")
            }
            guard books.mayModify(order.orderID) else {
                throw .unsupported(
                    "the broker takes \(Books.mostModifications) modifications of an order: cancel it and place anew",
                    field: "order_ref")
            }
            form = try OrderForm.modify(order, changes, options: options, protection: settings.marketProtection)
        } catch {
            command.notSent(error)
            return
        }
        books.countModification(order.orderID)
        send(change: .modify(order, form), of: order, command) { .modify($0, form.of($0.variety)) }
    }

    func cancel(_ reference: OrderReference, _ command: Command) {
        let order: KnownOrder
        // Options of the order tell the first leg of a cover order's second. Whatever else they say is no reason to
        // refuse a cancel.
        let options = (try? OrderOptions(reference.order?.options)) ?? OrderOptions()
        do throws(AdapterError) { order = try KnownOrder(reference, options: options) } catch {
            command.notSent(error)
            return
        }
        if order.isSeveral { return cancelParts(order, command) }
        send(change: .cancel(order), of: order, command) { .cancel($0) }
    }

    /// Sends a modify or cancel. The broker's answer means that it took the wish, not that it came true.
    ///
    /// - Parameter again: The same wish of an order whose variety has turned out to be another; `nil` ends the trying.
    private func send(
        change: Call, of order: KnownOrder, _ command: Command, again: ((KnownOrder) -> Call)? = nil
    ) {
        var request = request(change, for: command)
        request.isUrgent = change.method == .delete
        host.send(request, for: command) { [self] answer in
            switch read(answer, bucket: .orders) {
            case .success(let data):
                command.accept(brokerOrderID: data["order_id"]?.identifier ?? order.orderID)
                ordersMayMove()
            case .failure(let error) where error.certainty == .rejected && answer.status == 400:
                explain(error, of: order, isCancel: change.method == .delete, command, again: again)
            case .failure(let error):
                noteUnknown(error, answer, change)
                command.fail(error)
            }
        }
    }

    /// The broker refuses to touch an order that has ended, in words that nobody has written down (FACTS.md §3.5): its
    /// state says whether that was it. A leg of an iceberg that has filled is followed by another.
    ///
    /// An after-market order is a regular one from the next open on, which nobody may have told us: then the wish, which
    /// the broker has refused for certain, goes out once more under the name that holds now.
    private func explain(
        _ error: AdapterError, of order: KnownOrder, isCancel: Bool, _ command: Command,
        again: ((KnownOrder) -> Call)?
    ) {
        if isCancel, order.variety == .iceberg { return cancelParts(order, command) }
        let call = Call.history(orderID: order.orderID)
        let status = host.send(ownRequest(call)) { [self] answer in
            guard case .success(let data) = read(answer, bucket: call.bucket),
                let record = data.array?.last.flatMap(OrderRecord.init)
            else {
                command.reject(error)
                return
            }
            guard record.isFinal else {
                guard let again, order.variety == .afterMarket, record.commandVariety == .regular else {
                    command.reject(error)
                    return
                }
                var renamed = order
                renamed.variety = .regular
                send(change: again(renamed), of: renamed, command)
                return
            }
            tell([WholeOrder([record])])
            ordersMayMove()
            command.reject(
                AdapterError(
                    .alreadyFinal, certainty: .rejected, retry: .never, brokerCode: error.brokerCode,
                    brokerText: error.brokerText, httpStatus: error.httpStatus))
        }
        if !status.isOK { command.reject(error) }
    }

    /// Cancels every part that is still live of an order that is several at the broker.
    private func cancelParts(_ order: KnownOrder, _ command: Command) {
        let status = host.send(ownRequest(.orders)) { [self] answer in
            guard case .success(let data) = read(answer, bucket: .others), let book = OrderBook(data) else {
                command.unknown(Failure.unreadable(status: answer.status, "the parts of the order could not be read"))
                return
            }
            let parts = book.parts(orderID: order.orderID, reference: order.reference)
            guard !parts.isEmpty else {
                command.reject(
                    AdapterError(
                        .notFound, "the broker's book has no such order", certainty: .rejected, retry: .afterReconcile))
                return
            }
            let live = parts.filter { !$0.isFinal }
            guard !live.isEmpty else {
                tell([WholeOrder(parts)])
                ordersMayMove()
                command.reject(AdapterError(.alreadyFinal, certainty: .rejected, retry: .never))
                return
            }
            cancel(live, command)
        }
        if !status.isOK { command.notSent(.refused(status)) }
    }

    private func cancel(_ parts: [OrderRecord], _ command: Command) {
        let tally = PartTally(parts.count)
        for part in parts {
            let variety = part.variety ?? .regular
            let call = Call(
                .delete, "\(variety.path)/\(part.orderID.percentEncoded)", bucket: .orders,
                changesNothing: false)
            var request = ownRequest(call)
            request.isUrgent = true
            request.cost(Call.Bucket.orders.rawValue)
            let status = host.send(request) { [self] answer in
                switch read(answer, bucket: .orders) {
                case .success: tally.end(nil, command)
                case .failure(let error): tally.end(error, command)
                }
                ordersMayMove()
            }
            if !status.isOK { tally.end(.refused(status), command) }
        }
    }

    /// Says what becomes of the parts of one cancel. The command ends with the last.
    private final class PartTally {
        private var open: Int
        private var worst: AdapterError?

        init(_ count: Int) { open = count }

        func end(_ error: AdapterError?, _ command: Command) {
            open -= 1
            if let error, worst == nil || error.certainty == .unknown { worst = error }
            guard open == 0 else { return }
            // Where one part could not be cancelled, the order as a whole is not known to be.
            if let worst {
                command.unknown(worst)
            } else {
                command.accept()
            }
        }
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
