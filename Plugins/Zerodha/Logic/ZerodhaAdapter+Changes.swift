import AdapterKit
import Exact

// Modify and cancel. The broker's answer means that it took the wish, not that it came true.

extension ZerodhaAdapter {
    func modify(_ reference: OrderReference, _ changes: Changes, _ command: Command) {
        let order: KnownOrder
        let form: OrderForm
        do throws(AdapterError) {
            let options = try OrderOptions(changes.options)
            order = try KnownOrder(reference, options: options)
            if order.isSeveral || books.slices.family(of: order.orderID) != nil {
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
        let modify = Call.modify(order, form)
        // The total of an iceberg is not the quantity of one of its later legs.
        if order.variety == .iceberg, changes.quantity != nil { return send(change: modify, of: order, command) }
        send(change: modify, of: order, command) { .modify($0, form.of($0.variety)) }
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
        if order.isSeveral || books.slices.family(of: order.orderID) != nil { return cancelParts(order, command) }
        send(change: .cancel(order), of: order, command) { .cancel($0) }
    }

    /// Sends a modify or cancel.
    ///
    /// - Parameter again: The same wish of an order that has turned out to be called otherwise; `nil` ends the trying.
    private func send(
        change: Call, of order: KnownOrder, _ command: Command, again: ((KnownOrder) -> Call)? = nil
    ) {
        var request = request(change, for: command)
        request.isUrgent = change.method == .delete
        host.send(request, for: command) { [self] answer in
            switch read(answer, bucket: .orders) {
            case .success(let data):
                guard let orderID = data["order_id"]?.identifier else {
                    return fail(
                        Failure.unreadable(status: answer.status, "the answer names no order"), answer, change, command)
                }
                command.accept(brokerOrderID: orderID)
                ordersMayMove()
            case .failure(let error) where error.certainty == .rejected && answer.status == 400:
                explain(error, of: order, isCancel: change.method == .delete, command, again: again)
            case .failure(let error): fail(error, answer, change, command)
            }
        }
    }

    private func fail(_ error: AdapterError, _ answer: Answer, _ call: Call, _ command: Command) {
        noteUnknown(error, answer, call)
        command.fail(error)
    }

    /// The broker refuses to touch an order that has ended, in words that nobody has written down (FACTS.md §3.5): its
    /// state says whether that was it. A leg of an iceberg that has filled is followed by another, and that one is meant.
    ///
    /// An after-market order is a regular one from the next open on, and what an order is was perhaps never told us: then
    /// the wish, which the broker has refused for certain, goes out once more under the name that its record says.
    private func explain(
        _ error: AdapterError, of order: KnownOrder, isCancel: Bool, _ command: Command,
        again: ((KnownOrder) -> Call)?
    ) {
        if order.variety == .iceberg, !isOver(command) {
            return isCancel ? cancelParts(order, command) : modifyLeg(of: order, refusedWith: error, command, again)
        }
        guard !isOver(command) else { return }
        let call = Call.history(orderID: order.orderID)
        let status = host.send(request(call, for: command)) { [self] answer in
            guard !isOver(command) else { return }
            guard case .success(let data) = read(answer, bucket: call.bucket),
                let record = data.array?.last.flatMap(OrderRecord.init), record.orderID == order.orderID
            else {
                command.reject(error)
                return
            }
            guard record.isFinal else {
                guard let again, let renamed = order.renamed(as: record) else {
                    command.reject(error)
                    return
                }
                if !isCancel { books.countModification(order.orderID) }
                send(change: again(renamed), of: renamed, command)
                return
            }
            if !books.slices.isSlice(record) { tell([WholeOrder([record])]) }
            ordersMayMove()
            command.reject(error.asAlreadyFinal)
        }
        if !status.isOK { command.reject(error) }
    }

    /// The leg of an iceberg that the order is known by takes no modify any more: the one that is live does.
    private func modifyLeg(
        of order: KnownOrder, refusedWith error: AdapterError, _ command: Command, _ again: ((KnownOrder) -> Call)?
    ) {
        let status = host.send(request(.orders, for: command)) { [self] answer in
            guard !isOver(command) else { return }
            guard case .success(let data) = read(answer, bucket: .others), let book = orderBook(data),
                let whole = book.whole(orderID: order.orderID, reference: order.reference)
            else {
                command.reject(error)
                return
            }
            guard let leg = whole.live.first else {
                tell([whole])
                ordersMayMove()
                let hasEnded = [.filled, .canceled, .rejected].contains(update(whole, withOrder: false).state)
                command.reject(hasEnded ? error.asAlreadyFinal : error)
                return
            }
            // What the broker refused of the leg that is live, it refused for another reason.
            guard leg.orderID != order.orderID, books.mayModify(leg.orderID) else {
                command.reject(error)
                return
            }
            guard let again else {
                command.reject(
                    AdapterError(
                        .unsupported,
                        "a leg of the iceberg has ended, and its total cannot be changed any more: cancel it and place anew",
                        field: "changes.quantity", certainty: .rejected, retry: .never, brokerCode: error.brokerCode,
                        brokerText: error.brokerText, httpStatus: error.httpStatus))
                return
            }
            books.countModification(leg.orderID)
            var live = order
            live.orderID = leg.orderID
            let call = again(live)
            var request = request(call, for: command)
            request.cost(Call.Bucket.orders.rawValue)
            host.send(request, for: command) { [self] answer in
                switch read(answer, bucket: .orders) {
                case .success(let data) where data["order_id"]?.identifier != nil:
                    // The order keeps the name that it has here.
                    command.accept(brokerOrderID: order.orderID)
                    ordersMayMove()
                case .success:
                    fail(Failure.unreadable(status: answer.status, "the answer names no order"), answer, call, command)
                case .failure(let error): fail(error, answer, call, command)
                }
            }
        }
        if !status.isOK { command.reject(error) }
    }

    // MARK: Cancel of an order that is several

    /// Cancels every part that is still live of an order that is several at the broker, also those that its book does not
    /// show yet.
    private func cancelParts(_ order: KnownOrder, _ command: Command) {
        let status = host.send(request(.orders, for: command)) { [self] answer in
            guard !isOver(command) else { return }
            guard case .success(let data) = read(answer, bucket: .others), let book = orderBook(data) else {
                command.unknown(Failure.unreadable(status: answer.status, "the parts of the order could not be read"))
                return
            }
            let whole = book.whole(orderID: order.orderID, reference: order.reference)
            let family = whole?.family ?? book.slices.family(of: order.orderID)
            let hidden = family?.hidden(beside: whole?.parts ?? [], at: host.now) ?? []
            let live =
                (whole?.live ?? []).map { PartName(orderID: $0.orderID, variety: $0.commandVariety ?? order.variety) }
                + hidden.map { PartName(orderID: $0, variety: order.variety) }
            guard live.isEmpty else { return cancel(live, command) }
            guard let whole else {
                command.reject(
                    AdapterError(
                        .notFound, "the broker's book has no such order", certainty: .rejected, retry: .afterReconcile))
                return
            }
            tell([whole])
            ordersMayMove()
            guard !whole.mayLackParts else {
                command.unknown(
                    AdapterError(
                        .notFound, "a part of the order may be live that the broker's book does not show yet",
                        certainty: .unknown, retry: .afterReconcile))
                return
            }
            command.reject(AdapterError(.alreadyFinal, certainty: .rejected, retry: .never))
        }
        if !status.isOK { command.notSent(.refused(status)) }
    }

    private struct PartName {
        let orderID: String
        var variety: Variety
    }

    private func cancel(_ parts: [PartName], _ command: Command) {
        let tally = PartTally(parts.count)
        for part in parts { cancel(part, tally, command) }
    }

    private func cancel(_ part: PartName, _ tally: PartTally, _ command: Command) {
        let call = Call(
            .delete, "\(part.variety.path)/\(part.orderID.percentEncoded)", bucket: .orders, changesNothing: false)
        var request = request(call, for: command)
        request.isUrgent = true
        request.cost(Call.Bucket.orders.rawValue)
        let status = host.send(request) { [self] answer in
            switch read(answer, bucket: .orders) {
            case .success(let data):
                let isTaken = data["order_id"]?.identifier != nil
                tally.end(
                    isTaken ? nil : Failure.unreadable(status: answer.status, "the answer names no order"), command)
            case .failure(let error)
            where error.certainty == .rejected && answer.status == 400 && part.variety == .afterMarket
                && !isOver(command):
                // At the exchange by now.
                cancel(PartName(orderID: part.orderID, variety: .regular), tally, command)
            case .failure(let error): tally.end(error, command)
            }
            ordersMayMove()
        }
        if !status.isOK { tally.end(.refused(status), command) }
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
}

extension AdapterError {
    /// The same refusal, where it is known that the order had ended.
    fileprivate var asAlreadyFinal: AdapterError {
        AdapterError(
            .alreadyFinal, certainty: .rejected, retry: .never, brokerCode: brokerCode, brokerText: brokerText,
            httpStatus: httpStatus)
    }
}
